"""The rules: how two documents are compared, and what each difference does to those that send and read messages."""
