// Texts' tokens as llama.cpp has them: tokenize.mjs MODULES FILE TEXTS, a JSON file with a list.
import {readFileSync} from "node:fs";
import {pathToFileURL} from "node:url";

const [modules, file, texts] = process.argv.slice(2);
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(`${modules}/node-llama-cpp/dist/index.js`));
const llama = await getLlama({gpu: false, build: "never", logLevel: LlamaLogLevel.error});
const model = await llama.loadModel({modelPath: file, gpuLayers: 0});
const ids = JSON.parse(readFileSync(texts, "utf8")).map((text) => model.tokenize(text, true));
console.log(JSON.stringify(ids));
process.exit(0);
