"""What the document says beyond OpenAPI's own rules, each read into values: the types of problems (`problem_types`), its promises
(`promises`), who may call an operation (`operation_security`), the messages of WebSocket (`socket_contract`), and intervals of counts
(`count_contract`).
"""
