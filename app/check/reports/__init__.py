"""Write the results of `orders-events check`: as text for people, and as JSON or JUnit XML for programs."""
