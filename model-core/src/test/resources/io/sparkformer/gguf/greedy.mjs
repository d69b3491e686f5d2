// The likeliest tokens as llama.cpp has them: greedy.mjs MODULES FILE PROMPT COUNT, the prompt as a list of ids.
import {pathToFileURL} from "node:url";

const [modules, file, prompt, count] = process.argv.slice(2);
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(`${modules}/node-llama-cpp/dist/index.js`));
const llama = await getLlama({gpu: false, build: "never", logLevel: LlamaLogLevel.error});
const model = await llama.loadModel({modelPath: file, gpuLayers: 0});
const context = await model.createContext({contextSize: model.trainContextSize, threads: 1});
const options = {temperature: 0, yieldEogToken: true};
const ids = [];
for await (const id of context.getSequence().evaluate(JSON.parse(prompt), options)) {
  ids.push(id);
  if (ids.length >= Number(count)) {
    break;
  }
}
console.log(JSON.stringify(ids));
process.exit(0);
