// What a page calls: the model out of its own text.

/** Makes the model of a page of what its elements hold: JSON, and arrays in base64. */
function load(content, base64) {
  const model = JSON.parse(content);
  return makeModel(model, arraysOf(model.arrays, base64));
}

return { load, EOS };
