package io.sparkformer.jobs.export;

import io.sparkformer.gguf.GgufExport;
import io.sparkformer.model.FileSums;
import io.sparkformer.model.ModelDirectory;
import java.util.Locale;

/** What a model is written as. */
enum Format {
  /** model.pt with the weights inside, tokenizer.json, config.json, serving.properties. */
  TORCHSCRIPT(FileSums.FILE_NAME),
  /** model.safetensors, or its shards, with config.json and the tokenizer's files. */
  SAFETENSORS(ModelDirectory.CONFIG),
  /** model.gguf with weights and tokenizer inside. */
  GGUF(GgufExport.FILE);

  private final String marker;

  Format(String marker) {
    this.marker = marker;
  }

  /** The file by which such a directory is known, and whole: it is written last. */
  String marker() {
    return marker;
  }

  /** As on the command line. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
