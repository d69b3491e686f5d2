package io.sparkformer.jobs;

import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.shard.ShardFile;
import io.sparkformer.datasets.shard.ShardWriter;
import io.sparkformer.datasets.shard.TokenDtype;
import io.sparkformer.datasets.text.Utf8Reader;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import java.io.IOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Writes one shard, on an executor; a document, or the part of it that is in the shard, is one
 * sequence.
 */
record EncodeTask(
    Broadcast<SerializableConfiguration> configuration,
    Broadcast<int[]> vocabulary,
    TokenDtype dtype,
    String directory)
    implements Function<ShardPlan, List<ShardFile>> {

  private static final int BLOCK_TOKENS = 1 << 14;

  @Override
  public List<ShardFile> call(ShardPlan plan) throws IOException {
    Configuration hadoop = configuration.value().value();
    CharTokenizer tokenizer = CharTokenizer.of(vocabulary.value());
    Path target = new Path(directory);
    FileSystem fileSystem = Storage.fileSystem(target, hadoop);
    try (ShardWriter writer = ShardWriter.create(fileSystem, target, plan.name(), dtype)) {
      String document = plan.parts().get(0).chunk().path();
      for (ShardPlan.Part part : plan.parts()) {
        if (!part.chunk().path().equals(document)) {
          writer.endDocument();
          document = part.chunk().path();
        }
        try (Utf8Reader reader = part.chunk().open(hadoop)) {
          encode(part, reader, tokenizer, writer);
        }
        TaskContext.get().taskMetrics().inputMetrics().incBytesRead(part.chunk().bytes());
      }
      writer.endDocument();
      return writer.finish();
    }
  }

  private static void encode(
      ShardPlan.Part part, Utf8Reader reader, CharTokenizer tokenizer, ShardWriter writer)
      throws IOException {
    int[] block = new int[BLOCK_TOKENS];
    long toSkip = part.skip();
    long toTake = part.take();
    while (toTake > 0) {
      int count = reader.read(block);
      if (count < 0) {
        throw changed(part);
      }
      int from = (int) Math.min(count, toSkip);
      int to = (int) Math.min(count, from + toTake);
      for (int i = from; i < to; i++) {
        int id = tokenizer.idOf(block[i]);
        if (id < 0) {
          throw changed(part);
        }
        block[i] = id;
      }
      writer.append(block, from, to - from);
      toSkip -= from;
      toTake -= to - from;
    }
  }

  private static IOException changed(ShardPlan.Part part) {
    return new IOException(
        part.chunk().shownPath() + " changed while it was being tokenized: run the job again");
  }
}
