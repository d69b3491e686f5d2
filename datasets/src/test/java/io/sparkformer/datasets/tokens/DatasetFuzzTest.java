package io.sparkformer.datasets.tokens;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;

import io.sparkformer.datasets.FuzzedReader;
import io.sparkformer.datasets.FuzzedReader.Form;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged files of data sets. */
class DatasetFuzzTest {

  private static final FileSystem FILES = localFiles();

  @TempDir private Path directory;

  @Test
  void datasetJson() throws IOException {
    ShardFile tokens = new ShardFile("train-0.bin", 10, "0".repeat(64), 5, 2, 2, "89abcdef");
    ShardFile index = new ShardFile("train-0.idx", 82, "1".repeat(64), 5, 2, 2, "01234567");
    DatasetManifest.Split split =
        new DatasetManifest.Split(5, 2, 9, 9, List.of(tokens, index), List.of());
    new DatasetManifest(
            DatasetManifest.FORMAT_VERSION,
            new DatasetManifest.TokenizerFile("tokenizer.json", "ab"),
            7,
            TokenDtype.UINT16,
            List.of("bad", "good"),
            2,
            0,
            DatasetManifest.Skipped.NONE,
            new TreeMap<>(Map.of(SplitName.TRAIN, split)),
            List.of(new DatasetManifest.Source("a.txt", 9)),
            new TreeMap<>(Map.of(DatasetManifest.END_OF_TEXT, "true")))
        .write(FILES, hadoop(directory));
    Path file = directory.resolve(DatasetManifest.FILE_NAME);
    new FuzzedReader(
            "dataset.json",
            Form.JSON,
            FuzzedReader.BUFFERS,
            () -> DatasetManifest.read(FILES, hadoop(directory)).splits())
        .run(file, List.of(Files.readAllBytes(file)));
  }

  @Test
  void anIndexAndItsTokens() throws IOException {
    Path index = directory.resolve("a.idx");
    Path tokens = directory.resolve("a.bin");
    byte[] fifteen = new byte[30];
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    IndexFile.of(TokenDtype.UINT16, new int[] {4, 1, 0, 10}, new long[] {0, 1, 3, 4}).write(whole);
    FuzzedReader.Reader read =
        () -> {
          IndexFile.read(FILES, hadoop(index)).documents();
          try (TokenShard shard = TokenShard.open(tokens)) {
            shard.read(0, (int) shard.length(), new long[(int) shard.length()], 0);
          }
        };
    Files.write(tokens, fifteen);
    new FuzzedReader(".idx", Form.BINARY, FuzzedReader.BUFFERS, read)
        .run(index, List.of(whole.toByteArray()));
    Files.write(index, whole.toByteArray());
    new FuzzedReader(".bin", Form.BINARY, FuzzedReader.BUFFERS, read).run(tokens, List.of(fifteen));
  }
}
