package io.sparkformer.datasets;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Damages files as disks, networks and people do; the same seed gives the same damage. */
final class Mutations {

  private static final List<String> NUMBERS =
      List.of(
          "0",
          "-1",
          "1",
          "0.5",
          "1e400",
          "-1e400",
          "1e-400",
          "1e999999999",
          "32768",
          "1000000000",
          "2147483647",
          "2147483648",
          "-2147483649",
          "4611686018427387904",
          "9223372036854775807",
          "9223372036854775808",
          "18446744073709551616",
          "9".repeat(400));

  private static final List<String> TEXTS =
      List.of("", "\u0000", "a\nb\rc", "../../x", "\ud83d\ude00", "\ud800", "x".repeat(3000), "*");

  private static final Pattern NUMBER = Pattern.compile("-?[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  /** Stands in a tree for what no tree can hold. */
  private static final String TWIN = "a key that is there twice";

  private static final String LITERAL = "a number that is written as ";

  private final SplittableRandom random;

  Mutations(long seed) {
    this.random = new SplittableRandom(seed);
  }

  /** A damaged copy; of text and trees in ways of their own, too. */
  byte[] of(byte[] whole, FuzzedReader.Form form) throws IOException {
    byte[] damaged = whole;
    int times = 1 + (random.nextInt(4) == 0 ? random.nextInt(4) : 0);
    for (int i = 0; i < times; i++) {
      damaged =
          switch (form) {
            case BINARY -> random.nextInt(3) == 0 ? word(damaged) : bytes(damaged);
            case TEXT -> random.nextInt(2) == 0 ? text(damaged) : bytes(damaged);
            case JSON ->
                switch (random.nextInt(8)) {
                  case 0 -> bytes(damaged);
                  case 1 -> text(damaged);
                  default -> tree(damaged);
                };
          };
    }
    return damaged;
  }

  private byte[] bytes(byte[] from) {
    if (from.length == 0) {
      return new byte[] {(byte) random.nextInt()};
    }
    int at = random.nextInt(from.length);
    int length = 1 + random.nextInt(Math.min(from.length - at, 1 << random.nextInt(12)));
    return switch (random.nextInt(6)) {
      case 0 -> Arrays.copyOf(from, at);
      case 1 -> spliced(from, at, at + length, new byte[0]);
      case 2 -> spliced(from, at, at, Arrays.copyOfRange(from, at, at + length));
      case 3 -> spliced(from, at, at, randomBytes(length));
      default -> {
        byte[] flipped = from.clone();
        for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
          flipped[random.nextInt(from.length)] ^= (byte) (1 << random.nextInt(8));
        }
        yield flipped;
      }
    };
  }

  /** An extreme number of 1, 2, 4 or 8 bytes, more often near the beginning. */
  private byte[] word(byte[] from) {
    if (from.length < Long.BYTES) {
      return bytes(from);
    }
    byte[] changed = from.clone();
    int width = 1 << random.nextInt(4);
    int span = random.nextBoolean() ? Math.min(from.length, 64) : from.length;
    int at = random.nextInt(Math.max(1, span - width));
    long[] extremes = {0, 1, -1, Long.MAX_VALUE, Long.MIN_VALUE, Integer.MAX_VALUE, 1L << 61};
    byte[] value =
        ByteBuffer.allocate(Long.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(extremes[random.nextInt(extremes.length)])
            .array();
    System.arraycopy(value, 0, changed, at, width);
    return changed;
  }

  private byte[] text(byte[] from) {
    String text = new String(from, StandardCharsets.ISO_8859_1);
    List<MatchResult> numbers = NUMBER.matcher(text).results().toList();
    if (numbers.isEmpty() || random.nextInt(3) == 0) {
      return lines(text).getBytes(StandardCharsets.ISO_8859_1);
    }
    MatchResult number = numbers.get(random.nextInt(numbers.size()));
    String changed =
        text.substring(0, number.start()) + one(NUMBERS) + text.substring(number.end());
    return changed.getBytes(StandardCharsets.ISO_8859_1);
  }

  private String lines(String text) {
    List<String> lines = new ArrayList<>(List.of(text.split("\n", -1)));
    int line = random.nextInt(lines.size());
    switch (random.nextInt(4)) {
      case 0 -> lines.remove(line);
      case 1 -> lines.add(line, lines.get(random.nextInt(lines.size())));
      case 2 -> lines.set(line, "[".repeat(5000) + lines.get(line));
      default -> lines.add(line, "&a [*a, *a, *b, <<: *a]: !!java.net.URL {x: *a}");
    }
    return String.join("\n", lines);
  }

  private byte[] tree(byte[] from) throws IOException {
    JsonNode root;
    try {
      root = JSON.readTree(from);
    } catch (IOException e) {
      return bytes(from); // An earlier damage.
    }
    List<JsonNode> containers = new ArrayList<>();
    collect(root, containers);
    if (containers.isEmpty()) {
      return bytes(from);
    }
    JsonNode chosen = containers.get(random.nextInt(containers.size()));
    if (chosen instanceof ObjectNode object) {
      change(object);
    } else {
      change((ArrayNode) chosen);
    }
    return written(root);
  }

  private static void collect(JsonNode node, List<JsonNode> containers) {
    if (node.isContainerNode()) {
      containers.add(node);
      node.forEach(child -> collect(child, containers));
    }
  }

  private void change(ObjectNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    if (names.isEmpty()) {
      object.set(one(TEXTS), value(NODES.nullNode()));
      return;
    }
    String name = one(names);
    switch (random.nextInt(6)) {
      case 0 -> object.remove(name);
      case 1 -> object.set(name + TWIN, value(object.get(name)));
      case 2 -> object.set(one(TEXTS), object.get(name));
      case 3 -> object.set(name, object.get(one(names)));
      default -> object.set(name, value(object.get(name)));
    }
  }

  private void change(ArrayNode array) {
    if (array.isEmpty()) {
      array.add(value(NODES.nullNode()));
      return;
    }
    int at = random.nextInt(array.size());
    switch (random.nextInt(5)) {
      case 0 -> array.remove(at);
      case 1 -> array.insert(at, array.get(random.nextInt(array.size())));
      case 2 -> array.set(at, array.get(random.nextInt(array.size())));
      default -> array.set(at, value(array.get(at)));
    }
  }

  /** What takes a value's place. */
  private JsonNode value(JsonNode before) {
    return switch (random.nextInt(9)) {
      case 0 -> NODES.nullNode();
      case 1 -> NODES.booleanNode(random.nextBoolean());
      case 2 -> NODES.arrayNode().add(before);
      case 3 -> NODES.objectNode();
      case 4 -> NODES.textNode(one(TEXTS));
      case 5 -> deepened(before);
      case 6 -> NODES.textNode(before.asText() + one(TEXTS));
      default -> NODES.textNode(LITERAL + one(NUMBERS));
    };
  }

  private JsonNode deepened(JsonNode node) {
    JsonNode deep = node;
    for (int levels = random.nextBoolean() ? 3 : 900; levels > 0; levels--) {
      deep = random.nextBoolean() ? NODES.arrayNode().add(deep) : NODES.objectNode().set("a", deep);
    }
    return deep;
  }

  private static byte[] written(JsonNode root) throws IOException {
    String text = JSON.writeValueAsString(root).replace(TWIN, "");
    return text.replaceAll("\"" + LITERAL + "([^\"]*)\"", "$1").getBytes(StandardCharsets.UTF_8);
  }

  private byte[] randomBytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private String one(List<String> of) {
    return of.get(random.nextInt(of.size()));
  }

  private static byte[] spliced(byte[] from, int start, int end, byte[] middle) {
    return ByteBuffer.allocate(from.length - (end - start) + middle.length)
        .put(from, 0, start)
        .put(middle)
        .put(from, end, from.length - end)
        .array();
  }
}
