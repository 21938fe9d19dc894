"""The promises that every transport of subscriptions keeps, beside those of event streams. Each function takes a transport."""
