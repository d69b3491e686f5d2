package io.sparkformer.predict;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;

import io.sparkformer.datasets.FuzzedReader;
import io.sparkformer.datasets.FuzzedReader.Form;
import io.sparkformer.model.FileSums;
import io.sparkformer.model.Kernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged files of exported models, up to where the engine would be given them. */
class TorchScriptFuzzTest {

  /** A block for checksums, and what is written and what is there side by side. */
  private static final long BLOCKS = 2 << 20;

  private static final FileSystem FILES = localFiles();

  @TempDir private Path directory;
  private Path exported;

  @BeforeAll
  static void useOneThread() {
    Kernels.threads(1);
  }

  @BeforeEach
  void export() throws IOException {
    Path model = ExportedModels.ofLetters(ExportedModels.PLAIN, directory.resolve("ours"));
    exported = ExportedModels.export(model, directory.resolve("exported"));
  }

  @Test
  void aModule() throws IOException {
    fuzz("model.pt", Form.BINARY, this::check);
  }

  @Test
  void itsConfig() throws IOException {
    fuzz("config.json", Form.JSON, this::check);
  }

  @Test
  void itsProperties() throws IOException {
    fuzz(
        "serving.properties",
        Form.TEXT,
        () -> TorchScriptDirectory.read(ExportedModels.HADOOP, hadoop(exported)).inputs());
  }

  @Test
  void itsChecksums() throws IOException {
    fuzz("SHA256SUMS", Form.TEXT, () -> FileSums.check(FILES, hadoop(exported)));
  }

  private void check() throws IOException {
    SequenceModel.check(exported.toString(), ExportedModels.HADOOP, Trust.OURS);
  }

  private void fuzz(String name, Form form, FuzzedReader.Reader reader) throws IOException {
    Path file = exported.resolve(name);
    byte[] whole = Files.readAllBytes(file);
    if (!name.equals("SHA256SUMS")) {
      Files.delete(exported.resolve("SHA256SUMS"));
    }
    long module = 4 * Files.size(exported.resolve("model.pt"));
    new FuzzedReader("TorchScript's " + name, form, BLOCKS + module, reader)
        .run(file, List.of(whole));
  }
}
