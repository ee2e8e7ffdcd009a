// Runs the engine of a page in Node: `node in_node.js PAGE`. Each line of standard input is an array of JSON, a
// method of the model and its arguments; each line of standard output what it returns, or {"error": MESSAGE}.

const fs = require("fs");
const vm = require("vm");

const page = fs.readFileSync(process.argv[2], "utf8");
const part = (id) => page.match(new RegExp(`<script[^>]* id="${id}">([^]*?)</script>`))[1];
const textrnn = vm.runInThisContext(`${part("engine")}\ntextrnn`);
const model = textrnn.load(part("model"), part("weights"));
for (const line of fs.readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const [path, ...given] = JSON.parse(line);
  const names = path.split(".");
  const method = names.pop();
  const owner = names.reduce((object, name) => object[name], model);
  let result;
  try {
    result = owner[method](...given);
  } catch (error) {
    result = { error: error.message };
  }
  console.log(JSON.stringify(result ?? null, (_, value) => (ArrayBuffer.isView(value) ? [...value] : value)));
}
