package io.sparkformer.datasets.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.InvalidInputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.Test;

/** What would end the process in HuggingFace's library is refused before it gets there. */
final class CharsMapTest {

  private static final int LEAF = 1 << 8;

  /** The trie of the text a, which becomes b: its root is at 256, a leads on to 512. */
  private static final byte[] MAP = map();

  static final String OF_ONE_LETTER = Base64.getEncoder().encodeToString(MAP);

  private static byte[] map() {
    int[] units = new int[768];
    units[0] = 256 << 10;
    units[256 + 'a'] = (256 + 'a' ^ 512) << 10 | LEAF | 'a';
    units[512] = 1 << 31;
    ByteBuffer map = ByteBuffer.allocate(4 + units.length * 4 + 2).order(ByteOrder.LITTLE_ENDIAN);
    map.putInt(units.length * 4);
    Arrays.stream(units).forEach(map::putInt);
    return map.put((byte) 'b').put((byte) 0).array();
  }

  private static byte[] with(int unit, int value) {
    byte[] changed = MAP.clone();
    ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putInt(4 + 4 * unit, value);
    return changed;
  }

  @Test
  void aMapIsWholeIfNoTextLeadsOutOfIt() throws IOException {
    assertThat(CharsMap.isWhole(MAP)).isTrue();
    assertThat(CharsMap.isWhole(with(0, 900 << 10))).isFalse(); // the root's children
    assertThat(CharsMap.isWhole(with(512, 1 << 31 | 2))).isFalse(); // the text of a
    assertThat(CharsMap.isWhole(with(256 + 'a', 1 << 20 << 10 | 'a'))).isFalse();
    assertThat(CharsMap.isWhole(with(-1, 4 * 900))).isFalse(); // the trie's size
    assertThat(CharsMap.isWhole(Arrays.copyOf(MAP, 3))).isFalse();

    Tokenizer tokenizer = read(MAP);
    assertThat(tokenizer.encode("a")).isEqualTo(tokenizer.encode("b"));
    assertThatThrownBy(() -> read(with(0, 900 << 10)))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "some.json: its precompiled_charsmap is cut short, or points to places outside of itself: copy it again");
  }

  private static Tokenizer read(byte[] map) throws IOException {
    ObjectNode json = (ObjectNode) new ObjectMapper().readTree(LibraryTokenizerTest.UNIGRAM);
    json.putObject("normalizer")
        .put("type", "Precompiled")
        .put("precompiled_charsmap", Base64.getEncoder().encodeToString(map));
    ((ObjectNode) json.get("model")).withArray("vocab").addArray().add("b").add(-1.0);
    return Tokenizers.ofJson(json.toString().getBytes(StandardCharsets.UTF_8), "some.json");
  }

  @Test
  void whatTheLibraryWouldCutOutsideOfATextIsRefused() {
    String merges =
        """
        {"pre_tokenizer": null, "model": {"type": "BPE", "continuing_subword_prefix": "#######",
         "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}}
        """;
    assertThatThrownBy(() -> ofText(merges))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageStartingWith("some.json: the second part of its merge '\"a b\"' does not begin");
    assertThatThrownBy(() -> ofText(merges.replace("#######", "\u00e9")))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("which is not ASCII");
    String strip =
        LibraryTokenizerTest.UNIGRAM.replaceAll(
            "\"decoder\": \\{[^}]*}",
            "\"decoder\": {\"type\": \"Strip\", \"content\": \"i\", \"start\": 1, \"stop\": 1}");
    assertThatThrownBy(() -> ofText(strip))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("its decoder strips 1 characters off the ends of tokens");
  }

  private static Tokenizer ofText(String json) {
    return Tokenizers.ofJson(json.getBytes(StandardCharsets.UTF_8), "some.json");
  }
}
