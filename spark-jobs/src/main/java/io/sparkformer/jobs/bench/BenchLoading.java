package io.sparkformer.jobs.bench;

import ai.djl.Device;
import io.sparkformer.datasets.Storage;
import io.sparkformer.generate.SamplingOptions;
import io.sparkformer.generate.TextGenerator;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;

/** Reading a model, from its files to the first token, in turn with reading the files alone. */
final class BenchLoading {

  private static final double MB = 1e6;
  private static final int PIECE_BYTES = 8 << 20;

  private final String model;
  private final Set<Path> files = new TreeSet<>();
  private final List<BenchWork.Memory> memory = new ArrayList<>();
  private long fileBytes;

  /**
   * A model's loading.
   *
   * @param model a directory with a language model
   */
  BenchLoading(String model) throws IOException {
    this.model = model;
    open().weights().values().forEach(tensor -> files.add(tensor.file()));
    for (Path file : files) {
      fileBytes += Storage.fileSystem(file, new Configuration()).getFileStatus(file).getLen();
    }
  }

  private ModelDirectory open() throws IOException {
    return ModelDirectory.open(new Configuration(), Storage.path(model));
  }

  /** Bytes of the weights' files, in MB (10^6), for a second until the first token. */
  double mbPerSecond() throws IOException {
    long started = System.nanoTime();
    try (Gpt gpt = open().load(Precision.FP32, Device.cpu())) {
      SamplingOptions one =
          new SamplingOptions(1, SamplingOptions.Choice.MOST_LIKELY, 1, 0, 1, 1, 1);
      TextGenerator.of(gpt, List.of()).generate(new int[] {0}, one, (sample, id) -> {});
      double rate = fileBytes / MB / ((System.nanoTime() - started) / 1e9);
      memory.add(BenchWork.Memory.sample(gpt.parameterCount()));
      return rate;
    }
  }

  /** The same for reading them alone. */
  double filesMbPerSecond() throws IOException {
    byte[] piece = new byte[PIECE_BYTES];
    long started = System.nanoTime();
    for (Path file : files) {
      try (FSDataInputStream in = Storage.fileSystem(file, new Configuration()).open(file)) {
        int count = in.read(piece);
        while (count >= 0) {
          count = in.read(piece);
        }
      }
    }
    return fileBytes / MB / ((System.nanoTime() - started) / 1e9);
  }

  /** With a model in memory, after each round; steps are its numbers. */
  List<BenchWork.Memory> memory() {
    return List.copyOf(memory);
  }
}
