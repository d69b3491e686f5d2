package io.sparkformer.exchange;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;

import io.sparkformer.datasets.FuzzedReader;
import io.sparkformer.datasets.FuzzedReader.Form;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.safetensors.SafeTensors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged files of models. */
class ModelFilesFuzzTest {

  private static final Configuration HADOOP = new Configuration();
  private static final FileSystem FILES = localFiles();

  /** What tensors are compared with: a piece of one for each of two (PieceReader). */
  private static final long PIECES = 4 << 20;

  @TempDir private Path directory;

  @Test
  void config() throws IOException {
    ofModel("cls_single3", "config.json");
  }

  @Test
  void tokenizerConfig() throws IOException {
    ofModel("cls_post_processor", "tokenizer_config.json");
  }

  @Test
  void generationConfig() throws IOException {
    ofModel("lm_generation_config", "generation_config.json");
  }

  @Test
  void indexOfShards() throws IOException {
    ofModel("cls_sharded", "model.safetensors.index.json");
  }

  private void ofModel(String name, String file) throws IOException {
    Path model = TransformersCase.copy(name, directory);
    FuzzedReader.Reader read =
        () -> {
          ModelDirectory opened = ModelDirectory.open(HADOOP, hadoop(model));
          opened.config();
          opened.weights();
          opened.processing();
        };
    new FuzzedReader(file, Form.JSON, PIECES, read)
        .run(model.resolve(file), List.of(Files.readAllBytes(model.resolve(file))));
  }

  @Test
  void safetensors() throws IOException {
    Path file = directory.resolve("model.safetensors");
    byte[] whole = Files.readAllBytes(TransformersCase.file("lm_gelu/model.safetensors"));
    FuzzedReader.Reader read = () -> SafeTensors.read(FILES, hadoop(file));
    new FuzzedReader("model.safetensors", Form.BINARY, FuzzedReader.BUFFERS, read)
        .run(file, List.of(whole));

    int length = (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
    byte[] numbers = Arrays.copyOfRange(whole, 8 + length, whole.length);
    Path header = directory.resolve("header.json");
    FuzzedReader.Reader withHeader =
        () -> {
          byte[] json = Files.readAllBytes(header);
          ByteBuffer all = ByteBuffer.allocate(8 + json.length + numbers.length);
          all.order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).put(json).put(numbers);
          Files.write(file, all.array());
          SafeTensors.read(FILES, hadoop(file));
        };
    new FuzzedReader("header of model.safetensors", Form.JSON, FuzzedReader.BUFFERS, withHeader)
        .run(header, List.of(Arrays.copyOfRange(whole, 8, 8 + length)));
  }
}
