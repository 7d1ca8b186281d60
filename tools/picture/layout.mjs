// Reads graphs from the standard input, lays each out with ELK, writes them to the standard output.
import ELK from "elkjs/lib/elk.bundled.js";

let text = "";
for await (const chunk of process.stdin) text += chunk;
const elk = new ELK();
const done = [];
for (const graph of JSON.parse(text)) done.push(await elk.layout(graph));
process.stdout.write(JSON.stringify(done));
