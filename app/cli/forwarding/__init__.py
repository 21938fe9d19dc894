"""What `orders-events forward` consists of: the kept position, the signed requests, and their repetition."""
