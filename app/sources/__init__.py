"""Where in-process events come from: a source is a timeline of events, published through the same publisher as any other."""
