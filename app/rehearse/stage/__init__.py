"""The server of a rehearsal. Its only odd part is the stream; every other request is answered by a real server behind it.

Reading order: `incoming_request` (HTTP as far as it is needed), `wire` (a response that can be cut), `pieces` (how bytes are
written), `played_stream` (one stream), `stage` (the requests, and the answers in order), `server_behind`.
"""
