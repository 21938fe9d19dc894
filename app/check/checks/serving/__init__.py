"""The checks of what a server serves beside events, and of what depends on the headers of a request.

Reading order: `answers` (media types, web pages of other origins, caches), `compression`, `health` (and metrics), `documents`, `deprecations`.
"""
