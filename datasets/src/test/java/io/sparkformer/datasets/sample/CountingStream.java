package io.sparkformer.datasets.sample;

import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokens.ShardWriter;
import io.sparkformer.datasets.tokens.TokenDtype;
import io.sparkformer.datasets.tokens.TokenShard;
import io.sparkformer.datasets.tokens.TokenStream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** A stream of 0, 1, 2, ... in shards of 10. */
final class CountingStream {

  private CountingStream() {}

  static TokenStream write(java.nio.file.Path directory, int length) throws Exception {
    FileSystem fileSystem = Storage.fileSystem(new Path("file:///"), new Configuration());
    List<TokenShard> shards = new ArrayList<>();
    for (int start = 0; start < length; start += 10) {
      int[] tokens = IntStream.range(start, Math.min(length, start + 10)).toArray();
      String name = "count-" + length + "-" + start;
      try (ShardWriter writer =
          ShardWriter.create(fileSystem, new Path(directory.toUri()), name, TokenDtype.UINT16)) {
        writer.append(tokens, 0, tokens.length);
        writer.endDocument();
        writer.finish();
      }
      shards.add(TokenShard.open(directory.resolve(name + ".bin")));
    }
    return TokenStream.of("train", shards);
  }
}
