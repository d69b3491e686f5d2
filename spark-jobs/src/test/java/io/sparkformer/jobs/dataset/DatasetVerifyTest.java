package io.sparkformer.jobs.dataset;

import static io.sparkformer.jobs.SmallDataSet.bytes;
import static io.sparkformer.jobs.SmallDataSet.flip;
import static io.sparkformer.jobs.SmallDataSet.record;
import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.jobs.CommandRun;
import io.sparkformer.jobs.ExitCode;
import io.sparkformer.jobs.ShownProgress;
import io.sparkformer.jobs.SmallDataSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** dataset verify. */
class DatasetVerifyTest {

  private static final String TRAIN = "train-00000-of-00002";

  @TempDir private Path directory;
  private Path data;

  @BeforeEach
  void makeDataSet() throws IOException {
    data = SmallDataSet.abc(directory.resolve("data"));
  }

  @Test
  void verifyFindsNothingInAGoodDataSet() throws IOException {
    CommandRun run = verify();

    run.requireDone();
    assertThat(run.json().get("ok").asBoolean()).isTrue();
    assertThat(run.json().get("files").asInt()).isEqualTo(7);
    assertThat(run.json().get("bytes").asLong())
        .isEqualTo(bytes(data, "train") + bytes(data, "valid"));
    assertThat(run.json().get("bad")).isEmpty();
  }

  @Test
  void everyFileIsCountedAndTheEndIsTheWhole() throws IOException {
    long bytes = bytes(data, "train") + bytes(data, "valid");
    try (ShownProgress shown = ShownProgress.watch()) {
      verify().requireDone();
      assertThat(shown.of("verify"))
          .last()
          .isEqualTo("verify: 100%% (%d of %d kB) 6 files".formatted(bytes / 1000, bytes / 1000));
    }
  }

  @Test
  void verifyFindsEveryBadFileAtOnce() throws IOException {
    flip(data.resolve(TRAIN + ".bin"), 2);
    flip(data.resolve(TRAIN + ".idx"), 40);
    Path second = data.resolve("train-00001-of-00002.bin");
    Files.write(second, Arrays.copyOf(Files.readAllBytes(second), 3));
    Files.delete(data.resolve("valid-00000-of-00001.idx"));
    SmallDataSet.write(
        directory.resolve("other"), CharTokenizer.of(new int[] {'x'}), List.of(List.of("x")), "x");
    Files.copy(
        directory.resolve("other/tokenizer.json"),
        data.resolve("tokenizer.json"),
        StandardCopyOption.REPLACE_EXISTING);

    CommandRun run = verify();

    assertThat(run.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(run.json().get("ok").asBoolean()).isFalse();
    assertThat(run.json().get("bad").findValuesAsText("name"))
        .containsExactly(
            "tokenizer.json",
            TRAIN + ".bin",
            TRAIN + ".idx",
            "train-00001-of-00002.bin",
            "valid-00000-of-00001.idx");
    assertThat(run.err().lines())
        .satisfiesExactly(
            line ->
                assertThat(line)
                    .startsWith(
                        "tokenizer.json: is not the tokenizer that the data set was made with (1 tokens, fingerprint "),
            line ->
                assertThat(line)
                    .startsWith(
                        TRAIN
                            + ".bin: was altered, first between its bytes 0 and 16: its sha256 is "),
            line ->
                assertThat(line)
                    .startsWith(
                        TRAIN
                            + ".idx: was altered, first between its bytes 0 and 90: its sha256 is "),
            line ->
                assertThat(line)
                    .isEqualTo("train-00001-of-00002.bin: has 3 bytes where 4 are recorded"),
            line -> assertThat(line).isEqualTo("valid-00000-of-00001.idx: is missing"));
  }

  @Test
  void verifyReadsADataSetOfAnEarlierBuild() throws IOException {
    SmallDataSet.forgetSums(data);
    assertThat(verify().json().get("ok").asBoolean()).isTrue();
    flip(data.resolve(TRAIN + ".bin"), 2);

    assertThat(verify().err()).startsWith(TRAIN + ".bin: was altered: its sha256 is ");
  }

  @Test
  void verifyFindsASumThatIsNotThatOfAWholeFile() throws IOException {
    Path json = data.resolve("dataset.json");
    String text = Files.readString(json);
    Files.writeString(
        json, text.replaceFirst("\"crc32c\" : \"[0-9a-f]{8}", "\"crc32c\" : \"01234567"));

    assertThat(verify().err())
        .isEqualTo(
            TRAIN
                + ".bin: is as it was written, but the CRC-32C that dataset.json has of it is not,"
                + " first between its bytes 0 and 16\n");
  }

  @Test
  void verifyFindsAnIdBeyondTheVocabularyThoughTheChecksumIsRight() throws IOException {
    flip(data.resolve(TRAIN + ".bin"), 5);
    record(data.resolve(TRAIN + ".bin"));

    assertThat(verify().err())
        .isEqualTo(TRAIN + ".bin: its token 65283 at position 2 is beyond the vocabulary of 4\n");
  }

  @Test
  void verifyFindsAnIndexThatContradictsItselfThoughTheChecksumIsRight() throws IOException {
    flip(data.resolve(TRAIN + ".idx"), 34);
    record(data.resolve(TRAIN + ".idx"));

    assertThat(verify().err())
        .startsWith(
            TRAIN
                + ".idx: "
                + data
                + "/"
                + TRAIN
                + ".idx: sequence 1 has size 1 and offset 14 where ")
        .endsWith(": copy the file again, or make the data set again\n");
  }

  @Test
  void verifyFindsAnIndexOfOtherTokensThoughTheChecksumIsRight() throws IOException {
    Files.copy(
        data.resolve("train-00001-of-00002.idx"),
        data.resolve(TRAIN + ".idx"),
        StandardCopyOption.REPLACE_EXISTING);
    record(data.resolve(TRAIN + ".idx"));

    assertThat(verify().err())
        .isEqualTo(
            TRAIN
                + ".idx: has 2 tokens of uint16, 1 sequences, 1 documents where 8 of uint16, 2, 3 are recorded\n");
  }

  private CommandRun verify() {
    return CommandRun.of("dataset", "verify", "--data", data.toString());
  }
}
