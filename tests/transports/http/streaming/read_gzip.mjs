// Print what Node's fetch reads of a stream, as it comes. It asks for gzip by itself.
// node read_gzip.mjs URL

const response = await fetch(process.argv[2]);
if (response.headers.get('content-encoding') !== 'gzip') throw new Error('The stream is not compressed.');
for await (const bytes of response.body) process.stdout.write(bytes);
