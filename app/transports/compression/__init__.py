"""Compression that is done once for all streams. No stream has a compressor of its own.

Reading order: `shared_deflate` (parts of streams, compressed for all streams that were sent the same before), `crc32` (checksums of
joined bytes, by calculation), `gzip_body` (a response body made of such parts).
"""
