package io.sparkformer.datasets.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.InvalidInputException;
import org.junit.jupiter.api.Test;

class ShardFileTest {

  private static final long MIB = 1 << 20;

  @Test
  void aShardThatAnEarlierBuildWroteHasNoSums() throws Exception {
    String json =
        "{\"name\":\"train.bin\",\"bytes\":2,\"sha256\":\"%s\",\"tokens\":1,\"sequences\":1,\"documents\":1}"
            .formatted("0".repeat(64));

    assertThat(new ObjectMapper().readValue(json, ShardFile.class)).isEqualTo(file(2, ""));
    assertThat(file(2, "").hasSums()).isFalse();
  }

  @Test
  void everyBlockHasASumOfEightDigits() {
    assertThat(file(2 * MIB + 1, "00000001fffffffe0a0b0c0d").sum(1)).isEqualTo(-2);
    for (String sums : new String[] {"00000001", "0000000100000002000000030", "0000000100000002"}) {
      assertThatThrownBy(() -> file(2 * MIB + 1, sums))
          .isInstanceOf(InvalidInputException.class)
          .hasMessage(
              "crc32c of train.bin is not 8 hex digits for each 1048576 of its 2097153 bytes: make it"
                  + " again");
    }
    assertThatThrownBy(() -> file(2, "0000000G")).isInstanceOf(InvalidInputException.class);
  }

  @Test
  void theFirstBlockThatDiffersIsNamed() {
    ShardFile file = file(2 * MIB + 1, "00000001fffffffe0a0b0c0d");
    assertThat(file.alteredBlocks("00000001fffffffe0a0b0c0d")).isEmpty();
    assertThat(file.alteredBlocks("00000001fffffffe0a0b0c0e"))
        .isEqualTo(", first between its bytes 2097152 and 2097153");
    assertThat(file.alteredBlocks("00000001effffffe1a0b0c0d"))
        .isEqualTo(", first between its bytes 1048576 and 2097152");
  }

  private static ShardFile file(long bytes, String sums) {
    return new ShardFile("train.bin", bytes, "0".repeat(64), 1, 1, 1, sums);
  }
}
