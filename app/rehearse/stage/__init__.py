"""The server of a rehearsal. Its only odd part is what reads events; every other request is answered by a real server behind it.

Reading order: `incoming_request` (HTTP as far as it is needed), `wire` (a response that can be cut), `script` (which answer is next),
`pieces` (how bytes are written), `played_stream` (one stream), `whole_answer` and `played_page` (reads of what is stored),
`performance` (the requests for events, answered as the script says), `stage` (all requests), `server_behind`.
"""
