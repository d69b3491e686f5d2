package io.sparkformer.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.model.Kernels;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Programs of others are not run unasked. */
class TorchScriptTrustTest {

  @TempDir private Path directory;
  private Path exported;
  private Path module;
  private byte[] ours;

  @BeforeAll
  static void useOneThread() {
    Kernels.threads(1);
  }

  @BeforeEach
  void export() throws IOException {
    Path model = ExportedModels.ofLetters(ExportedModels.PLAIN, directory.resolve("ours"));
    exported = ExportedModels.export(model, directory.resolve("exported"));
    module = exported.resolve("model.pt");
    ours = Files.readAllBytes(module);
  }

  @Test
  void aModuleOfOtherCodeIsRefusedUntilItIsTrusted() throws IOException {
    byte[] theirs =
        with(
            "torch.to(torch.ne(attention_mask, 0), 4)", "torch.to(torch.ne(attention_mask, 1), 4)");
    Files.write(module, theirs);

    assertThatThrownBy(() -> ExportedModels.open(exported))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageEndingWith(
            module
                + " is a program that this one did not write (or that was changed, or written by another"
                + " version): running it lets it do all that you may, as reading, sending and deleting files; if you"
                + " trust whoever made it, pass --trust-model (trustModel); else export the model again");
    assertThatThrownBy(() -> check(Trust.OURS))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(
            "model.pt is missing, or not the one that SHA256SUMS was written for");
    Files.delete(exported.resolve("SHA256SUMS"));
    assertThatThrownBy(() -> check(Trust.OURS)).hasMessageContaining("pass --trust-model");
    check(Trust.ANYBODY);
  }

  /** The file's checksums of its parts apart: what is not a number's byte has to be ours. */
  @Test
  void noByteOfAModuleMayBeAnother() throws IOException {
    SplittableRandom random = new SplittableRandom(3);
    List<byte[]> others = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      byte[] other = ours.clone();
      other[random.nextInt(other.length)] ^= (byte) (1 << random.nextInt(8));
      others.add(other);
    }
    others.add(Arrays.copyOf(ours, ours.length + 1));
    others.add(Arrays.copyOf(ours, ours.length - 1));
    others.add(new byte[0]);
    others.add(with("context_length : int", "context_lengte : int"));
    byte[] twice = Arrays.copyOf(ours, 2 * ours.length); // a reader may begin at either end
    System.arraycopy(ours, 0, twice, ours.length, ours.length);
    others.add(twice);
    for (byte[] other : others) {
      Files.write(module, other);
      assertThatThrownBy(() -> ExportedModels.open(exported))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining("is a program that this one did not write");
    }
    Files.write(module, ours);
    ExportedModels.open(exported).close();
  }

  @Test
  void aConfigThatAsksForMoreThanTheModuleHoldsIsNotCountedUp() throws IOException {
    Path config = exported.resolve("config.json");
    String json = Files.readString(config);
    Files.writeString(config, json.replace("\"n_layer\" : 2", "\"n_layer\" : 1000000000"));
    assertThatThrownBy(() -> ExportedModels.open(exported))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("is a program that this one did not write");
  }

  @Test
  void checksumsAreThoseOfSha256sumAndAreReadAgain() throws IOException {
    Path sums = exported.resolve("SHA256SUMS");
    assertThat(Files.readAllLines(sums))
        .hasSize(5)
        .allMatch(line -> line.matches("[0-9a-f]{64}  [a-z_.]+"));
    assertThat(check(Trust.OURS).labels()).isEqualTo(ExportedModels.LABELS);
    Path tokenizer = exported.resolve("tokenizer.json");
    Files.writeString(tokenizer, Files.readString(tokenizer) + "\n");
    assertThatThrownBy(() -> check(Trust.OURS))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(
            "tokenizer.json is missing, or not the one that SHA256SUMS was written for: copy the model again; if"
                + " you have changed it yourself, remove ");
    Files.writeString(sums, "no sums\n");
    assertThatThrownBy(() -> check(Trust.OURS))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(
            "SHA256SUMS has a line that is no checksum and name, or names a file again, 'no sums'");
    Files.delete(sums);
    assertThat(check(Trust.OURS).labels()).isEqualTo(ExportedModels.LABELS);
  }

  @Test
  void whatDjlLoadsBesidesIsLookedForToo() throws IOException {
    SequenceModel.checkForDjl(exported.toString(), ExportedModels.HADOOP, Trust.OURS);
    Files.createDirectory(exported.resolve("libs"));
    assertThatThrownBy(
            () -> SequenceModel.checkForDjl(exported.toString(), ExportedModels.HADOOP, Trust.OURS))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageEndingWith(
            "/libs may hold programs that DJL loads: if you trust whoever made them, pass --trust-model; else"
                + " remove it");
    SequenceModel.checkForDjl(exported.toString(), ExportedModels.HADOOP, Trust.ANYBODY);
  }

  private Classes check(Trust trust) throws IOException {
    return SequenceModel.check(exported.toString(), ExportedModels.HADOOP, trust);
  }

  /** The module with a text of the same length in place of another. */
  private byte[] with(String before, String after) {
    String text = new String(ours, StandardCharsets.ISO_8859_1);
    assertThat(text).contains(before);
    return text.replace(before, after).getBytes(StandardCharsets.ISO_8859_1);
  }
}
