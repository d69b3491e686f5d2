package io.sparkformer.jobs.input;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.github.luben.zstd.ZstdOutputStream;
import io.sparkformer.jobs.LocalSpark;
import io.sparkformer.jobs.cluster.Failure;
import io.sparkformer.jobs.input.TextSource.LargeDocuments;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.io.compress.BZip2Codec;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** However files are cut into units, and compressed, their documents are a plain reading's. */
class TextDocumentsTest {

  private static final long ONE_UNIT = 1L << 40;

  /** How many damaged files of a kind are cut off; others have a wrong bit. */
  private static final int CUT = 14;

  /** What texts are made of: all that matters to where documents begin and end. */
  private static final List<String> SNIPPETS =
      List.of(
          "a",
          "bc de",
          "é",
          "日本",
          "\ud83d\ude80",
          " ",
          "\t",
          "\r",
          "\r\n",
          "\n",
          "\n\n",
          "\r\n\r\n",
          " \t\n",
          "\u3000",
          "f/g",
          "\ufeff");

  private static JavaSparkContext spark;

  @TempDir Path directory;

  @BeforeAll
  static void openSpark() {
    spark = LocalSpark.openSilent(LocalSpark.conf("local[2]"));
  }

  @AfterAll
  static void closeSpark() {
    spark.close();
  }

  /** A document, or the part of it that a unit has. */
  private record Part(String text, boolean begins, boolean ends) implements Serializable {}

  @Test
  void unitsOfAnySizeGiveTheDocumentsOfAPlainReading() throws Exception {
    for (int seed = 0; seed < 6; seed++) {
      Random random = new Random(seed);
      List<String> texts = new ArrayList<>();
      for (int file = 0; file < 3; file++) {
        texts.add(file == 1 && seed % 3 == 0 ? "" : text(random, 5 + random.nextInt(40)));
      }
      String corpus = corpus("corpus" + seed, texts);
      long unitBytes = 2L + random.nextInt(12);

      List<String> lines = texts.stream().flatMap(text -> lines(text).stream()).toList();
      List<String> paragraphs = texts.stream().flatMap(text -> paragraphs(text).stream()).toList();
      for (long unit : new long[] {unitBytes, ONE_UNIT}) {
        String what = "seed " + seed + ", units of " + unit;
        assertThat(whole(read(corpus, InputFormat.LINES, unit))).as(what).isEqualTo(lines);
        assertThat(whole(read(corpus, InputFormat.PARAGRAPHS, unit)))
            .as(what)
            .isEqualTo(paragraphs);
        assertThat(whole(read(corpus, InputFormat.TEXT, unit))).as(what).isEqualTo(texts);
      }
    }
  }

  private static String text(Random random, int snippets) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < snippets; i++) {
      text.append(SNIPPETS.get(random.nextInt(SNIPPETS.size())));
    }
    return text.toString();
  }

  private static List<String> lines(String text) {
    List<String> lines = new ArrayList<>();
    for (String line : linesWithEnds(text)) {
      lines.add(withoutEnd(line));
    }
    return lines;
  }

  private static List<String> paragraphs(String text) {
    List<String> paragraphs = new ArrayList<>();
    StringBuilder open = new StringBuilder();
    for (String line : linesWithEnds(text)) {
      if (!line.matches("[ \t\r]*\n?")) {
        open.append(line);
      } else if (open.length() > 0) {
        paragraphs.add(withoutEnd(open.toString()));
        open.setLength(0);
      }
    }
    if (open.length() > 0) {
      paragraphs.add(withoutEnd(open.toString()));
    }
    return paragraphs;
  }

  private static List<String> linesWithEnds(String text) {
    List<String> lines = new ArrayList<>();
    int from = 0;
    while (from < text.length()) {
      int lineFeed = text.indexOf('\n', from);
      int to = lineFeed < 0 ? text.length() : lineFeed + 1;
      lines.add(text.substring(from, to));
      from = to;
    }
    return lines;
  }

  private static String withoutEnd(String text) {
    if (!text.endsWith("\n")) {
      return text;
    }
    return text.substring(0, text.length() - (text.endsWith("\r\n") ? 2 : 1));
  }

  @Test
  void linesAndParagraphsThatAreLongerThanTheWindowStayWhole() throws Exception {
    Random random = new Random(1);
    StringBuilder text = new StringBuilder("short\r\n");
    for (int bytes :
        new int[] {3 << 20, TextInput.WINDOW_BYTES, 1, Documents.PIECE_BYTES, 5_000_001}) {
      while (text.length() % 7 != 0) {
        text.append("é");
      }
      text.append("x".repeat(bytes - 1)).append(random.nextBoolean() ? "\r\n" : "\n");
      text.append(random.nextBoolean() ? "\r\n" : "日\n");
    }
    text.append("\r".repeat(2 * TextInput.WINDOW_BYTES)).append("é\r\n\nend");
    String corpus = corpus("long", List.of(text.toString()));

    for (long unit : new long[] {900_001, ONE_UNIT}) {
      requireEqual(whole(read(corpus, InputFormat.LINES, unit)), lines(text.toString()));
      requireEqual(whole(read(corpus, InputFormat.PARAGRAPHS, unit)), paragraphs(text.toString()));
      requireEqual(whole(read(corpus, InputFormat.TEXT, unit)), List.of(text.toString()));
    }
  }

  @Test
  void aLineOfMuchWhiteSpaceIsNoBlankLineWhereverUnitsBegin() throws Exception {
    String text = "a\n" + " ".repeat(5_000) + "\nb\n" + " ".repeat(4_000) + "\nc\n";
    String corpus = corpus("blank", List.of("x\n\n", text.repeat(3), "y"));
    List<String> expected = whole(read(corpus, InputFormat.PARAGRAPHS, ONE_UNIT));

    assertThat(expected.get(1)).startsWith("a\n   ").endsWith(" \nb");
    for (long unit : new long[] {400, 999, 4_100}) {
      requireEqual(whole(read(corpus, InputFormat.PARAGRAPHS, unit)), expected);
    }
  }

  @Test
  void neighboursAgreeOnAPlaceToCutThatIsAtAWindowsEdge() throws Exception {
    // No place is safe to cut at in the whole window behind the second range's start but one, which
    // its edge goes through: a line feed before a character of three bytes.
    for (int before = -4; before <= 4; before++) {
      int half = TextInput.WINDOW_BYTES + (1 << 19);
      byte[] bytes = new byte[2 * half];
      Arrays.fill(bytes, (byte) 'x');
      int lineFeed = half - 1 + TextInput.WINDOW_BYTES + before;
      byte[] edge = "日\n本".getBytes(UTF_8);
      System.arraycopy(edge, 0, bytes, lineFeed - 3, edge.length);
      System.arraycopy(" to ".getBytes(UTF_8), 0, bytes, bytes.length - 1_000, 4);
      String text = new String(bytes, UTF_8);

      List<String> read =
          whole(read(corpus("edge" + before, List.of(text)), InputFormat.TEXT, half));

      requireEqual(read, List.of(text));
    }
  }

  @Test
  void compressedFilesGiveThePlainOnesDocuments() throws Exception {
    String text = text(new Random(3), 40_000);
    byte[] plain = text.getBytes(UTF_8);
    int half = plain.length / 2;
    byte[] one = Arrays.copyOf(plain, half);
    byte[] two = Arrays.copyOfRange(plain, half, plain.length);
    List<Path> files =
        List.of(
            written("a/plain.txt.gz", gzip(plain)),
            written("a/members.gz", gzip(one), gzip(two)),
            written("a/plain.txt.bz2", bzip2(plain)),
            written("a/streams.bz2", bzip2(one), bzip2(two)),
            written("a/plain.txt.zst", zstd(plain)),
            written("a/frames.zst", zstd(one), zstd(two)));

    for (Path file : files) {
      requireEqual(whole(read(file.toString(), InputFormat.LINES, 1_000)), lines(text));
      requireEqual(whole(read(file.toString(), InputFormat.PARAGRAPHS, 1_000)), paragraphs(text));
      requireEqual(whole(read(file.toString(), InputFormat.TEXT, 1_000)), List.of(text));
    }
    assertThat(whole(read(directory.resolve("a").toString(), InputFormat.TEXT, 1_000))).hasSize(6);
  }

  @Test
  void damagedFilesAreNamedOrReadAsTheyWere() throws Exception {
    Random random = new Random(4);
    String text = text(random, 4_000);
    byte[] plain = text.getBytes(UTF_8);
    List<String> wrong = new ArrayList<>();
    byte[][] compressed = {gzip(plain), bzip2(plain), zstd(plain)};
    String[] endings = {".gz", ".bz2", ".zst"};
    for (int kind = 0; kind < endings.length; kind++) {
      byte[] good = compressed[kind];
      for (int damage = 0; damage < 3 * CUT; damage++) {
        byte[] bad;
        if (damage < CUT) {
          bad = Arrays.copyOf(good, damage < 8 ? damage + 1 : random.nextInt(good.length));
        } else {
          bad = good.clone();
          int at = damage < 2 * CUT ? damage - CUT : random.nextInt(bad.length);
          bad[at] ^= (byte) (1 << random.nextInt(8));
        }
        Path file = written("damaged-" + damage + endings[kind], bad);
        List<String> read = new ArrayList<>();

        Throwable thrown =
            catchThrowable(
                () -> read.addAll(whole(read(file.toString(), InputFormat.TEXT, ONE_UNIT))));

        String told = thrown == null ? "" : Failure.mistakeIn(thrown).orElse(thrown.toString());
        boolean named =
            told.startsWith(file + " cannot be decompressed (")
                && told.endsWith("): copy it again, or leave it out of --input");
        // There are bits that nothing depends on, such as the file's time.
        boolean harmless = thrown == null && damage >= CUT && read.equals(List.of(text));
        if (!named && !harmless) {
          wrong.add(file.getFileName() + " of " + bad.length + " bytes: " + told);
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  private static byte[] gzip(byte[] plain) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(bytes)) {
      out.write(plain);
    }
    return bytes.toByteArray();
  }

  private static byte[] bzip2(byte[] plain) throws IOException {
    BZip2Codec codec = new BZip2Codec();
    codec.setConf(new Configuration());
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = codec.createOutputStream(bytes)) {
      out.write(plain);
    }
    return bytes.toByteArray();
  }

  private static byte[] zstd(byte[] plain) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZstdOutputStream out = new ZstdOutputStream(bytes)) {
      out.setChecksum(true);
      out.write(plain);
    }
    return bytes.toByteArray();
  }

  /** Compares without printing megabytes. */
  private static void requireEqual(List<String> read, List<String> expected) {
    assertThat(read.stream().map(String::length).toList())
        .isEqualTo(expected.stream().map(String::length).toList());
    assertThat(read.equals(expected)).as("equal").isTrue();
  }

  private static List<Part> read(String input, InputFormat format, long unitBytes) {
    Corpus corpus = Corpus.find(List.of(input), spark.hadoopConfiguration());
    Source source = TextSource.of(spark, corpus, format, LargeDocuments.CUT, unitBytes);
    List<Integer> all = IntStream.range(0, source.units()).boxed().toList();
    return source.map(all, (unit, documents) -> parts(documents)).collect().stream()
        .flatMap(List::stream)
        .toList();
  }

  private static List<Part> parts(Documents documents) throws IOException {
    List<Part> parts = new ArrayList<>();
    while (documents.next()) {
      StringBuilder text = new StringBuilder();
      int last = Documents.PIECE_BYTES;
      while (documents.nextPiece()) {
        if (last < Documents.PIECE_BYTES) {
          throw new IllegalStateException("a piece of " + last + " bytes is not the last");
        }
        last = documents.to() - documents.from();
        // By itself, so that pieces must end with whole characters.
        text.append(new String(documents.bytes(), documents.from(), last, UTF_8));
      }
      parts.add(new Part(text.toString(), documents.begins(), documents.ends()));
    }
    return parts;
  }

  /** The documents that parts put together are; each must begin and end once. */
  private static List<String> whole(List<Part> parts) {
    List<String> documents = new ArrayList<>();
    StringBuilder open = new StringBuilder();
    boolean isOpen = false;
    for (Part part : parts) {
      assertThat(part.begins()).as("begins").isEqualTo(!isOpen);
      open.append(part.text());
      isOpen = !part.ends();
      if (part.ends()) {
        documents.add(open.toString());
        open.setLength(0);
      }
    }
    assertThat(isOpen).as("open at the end").isFalse();
    return documents;
  }

  private String corpus(String name, List<String> texts) throws IOException {
    for (int file = 0; file < texts.size(); file++) {
      written(name + "/" + file + ".txt", texts.get(file).getBytes(UTF_8));
    }
    return directory.resolve(name).toString();
  }

  private Path written(String name, byte[]... parts) throws IOException {
    Path file = directory.resolve(name);
    Files.createDirectories(file.getParent());
    try (OutputStream out = Files.newOutputStream(file)) {
      for (byte[] part : parts) {
        out.write(part);
      }
    }
    return file;
  }
}
