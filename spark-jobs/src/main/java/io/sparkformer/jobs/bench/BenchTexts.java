package io.sparkformer.jobs.bench;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.tokenizer.BpeTokenizer;
import io.sparkformer.datasets.tokenizer.Encoder;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;

/** What {@code bench} tokenizes, ours and jtokkit in turn, in one thread. */
final class BenchTexts {

  private static final int PIECE = 1 << 20;
  private static final int FIRST = 10_000_000;
  private static final double MB = 1e6;
  private static final Map<String, EncodingType> PEERS =
      Map.of(
          "gpt2", EncodingType.R50K_BASE,
          "cl100k_base", EncodingType.CL100K_BASE,
          "o200k_base", EncodingType.O200K_BASE);

  /** A text by its name. */
  @SuppressWarnings("ArrayRecordComponent") // Compared by no one.
  record Text(String name, byte[] utf8) {}

  /**
   * A text's rates in MB/s, medians over rounds.
   *
   * @param firstMbPerS of ours, over the first 10 MB when the text was new; in a JVM that was new,
   *     too, if it is the first text
   * @param ratio ours over jtokkit's of the same round
   * @param cacheBytes of the memory of pieces that an encoder has
   */
  record Measured(
      String text,
      long bytes,
      long tokens,
      double firstMbPerS,
      double mbPerS,
      double peerMbPerS,
      double ratio,
      List<Double> ratios,
      int cacheBytes) {}

  private final Tokenizer tokenizer;
  private final Encoder encoder;
  private final Encoding peer;
  private final List<Text> texts;
  private long tokens;

  private BenchTexts(Tokenizer tokenizer, Encoding peer, List<Text> texts) {
    this.tokenizer = tokenizer;
    this.encoder = tokenizer.encoder();
    this.peer = peer;
    this.texts = texts;
  }

  /** Texts of files, or generated ones if there are none. */
  static BenchTexts of(String tokenizer, List<Path> inputs) throws IOException {
    EncodingType type = PEERS.get(tokenizer);
    require(
        type != null,
        "--tokenizer is %s: bench compares gpt2, cl100k_base and o200k_base with jtokkit",
        tokenizer);
    List<Text> texts = inputs.isEmpty() ? BenchText.generated() : List.of(read(inputs));
    return new BenchTexts(
        Tokenizers.open(tokenizer, new Configuration()),
        Encodings.newLazyEncodingRegistry().getEncoding(type),
        texts);
  }

  private static Text read(List<Path> inputs) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (Path input : inputs) {
      try {
        all.writeBytes(Files.readAllBytes(input));
      } catch (NoSuchFileException e) {
        throw new InvalidInputException(
            "--input " + input + " does not exist: name a text file", e);
      }
    }
    require(all.size() > 0, "--input %s is empty: name a text file with text in it", inputs);
    String name = inputs.get(0) + (inputs.size() > 1 ? " and " + (inputs.size() - 1) : "");
    return new Text(name, all.toByteArray());
  }

  List<Measured> measure(int rounds, Consumer<String> log) throws IOException {
    List<Measured> measured = new ArrayList<>();
    for (Text text : texts) {
      Measured result = measure(text, rounds);
      measured.add(result);
      log.accept(
          String.format(
              Locale.ROOT,
              "%s: ours %.1f MB/s (the first %.1f), jtokkit %.1f MB/s, ratio %.1f",
              text.name(),
              result.mbPerS(),
              result.firstMbPerS(),
              result.peerMbPerS(),
              result.ratio()));
    }
    return measured;
  }

  private Measured measure(Text text, int rounds) throws IOException {
    byte[] utf8 = text.utf8();
    double first = rate(utf8, Math.min(utf8.length, FIRST));
    rate(utf8, utf8.length);
    // A file need not be UTF-8: jtokkit gets what it would as a text.
    String decoded = new String(utf8, StandardCharsets.UTF_8);
    List<Double> ours = new ArrayList<>();
    List<Double> theirs = new ArrayList<>();
    List<Double> ratios = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      ours.add(rate(utf8, utf8.length));
      theirs.add(peerRate(decoded, utf8.length));
      ratios.add(ours.get(round) / theirs.get(round));
    }
    return new Measured(
        text.name(),
        utf8.length,
        tokens,
        first,
        median(ours),
        median(theirs),
        median(ratios),
        ratios,
        tokenizer instanceof BpeTokenizer ? BpeTokenizer.cacheBytes() : 0);
  }

  private double rate(byte[] utf8, int to) throws IOException {
    tokens = 0;
    long started = System.nanoTime();
    for (int from = 0; from < to; from += PIECE) {
      encoder.append(utf8, from, Math.min(to, from + PIECE), (ids, count) -> tokens += count);
    }
    encoder.endDocument((ids, count) -> tokens += count);
    return to / MB / ((System.nanoTime() - started) / 1e9);
  }

  private double peerRate(String text, int bytes) {
    long started = System.nanoTime();
    peer.encodeOrdinary(text);
    return bytes / MB / ((System.nanoTime() - started) / 1e9);
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }
}
