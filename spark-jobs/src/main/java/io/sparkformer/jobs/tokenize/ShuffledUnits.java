package io.sparkformer.jobs.tokenize;

import io.sparkformer.datasets.sample.SplitMix;
import io.sparkformer.datasets.text.Utf8Text;
import io.sparkformer.datasets.tokenizer.Encoder;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.jobs.input.CleanDocuments;
import io.sparkformer.jobs.input.Documents;
import io.sparkformer.jobs.input.Source;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaRDD;
import scala.Tuple2;

/**
 * Units of documents in random order: every document has a random number, which the seed and its
 * place in the corpus give, and the units are the documents in the order of these numbers.
 *
 * <p>The tokens go through Spark's shuffle.
 */
final class ShuffledUnits {

  private ShuffledUnits() {}

  /**
   * Tokenizes the corpus and writes the units that are wanted.
   *
   * @return a partition for each unit, with an element if it was wanted
   */
  static JavaRDD<UnitResult> write(
      Source source, EncodeSettings settings, long seed, List<Integer> wanted) {
    int units = source.units();
    ArrayList<Integer> numbers = new ArrayList<>(wanted);
    List<Integer> all = IntStream.range(0, units).boxed().toList();
    return source
        .map(all, (unit, documents) -> encode(unit, documents, settings, seed))
        .flatMapToPair(items -> items)
        .repartitionAndSortWithinPartitions(new ByKey(units), (KeyOrder) Key::compareTo)
        .mapPartitionsWithIndex(
            (unit, documents) ->
                numbers.contains(unit)
                    ? List.of(write(unit, documents, settings)).iterator()
                    : List.<UnitResult>of().iterator(),
            true);
  }

  /** The order of a shuffle, which Spark sends to executors. */
  private interface KeyOrder extends Comparator<Key>, Serializable {}

  /**
   * A document's place in the shuffled corpus.
   *
   * @param target the unit it comes to
   * @param random its number; what a unit's reading found comes first, with the smallest one
   */
  private record Key(int target, long random, int unit, int ordinal)
      implements Serializable, Comparable<Key> {

    private static final Comparator<Key> ORDER =
        Comparator.comparingInt(Key::target)
            .thenComparingLong(Key::random)
            .thenComparingInt(Key::unit)
            .thenComparingInt(Key::ordinal);

    @Override
    public int compareTo(Key other) {
      return ORDER.compare(this, other);
    }
  }

  /** A document's tokens, or what the reading of a unit found. */
  private sealed interface Item extends Serializable {}

  @SuppressWarnings("ArrayRecordComponent") // Compared by no one.
  private record Document(SplitName split, int label, int characters, int bytes, int[] tokens)
      implements Item {}

  private record Reading(CleanDocuments.Found found) implements Item {}

  private static final class ByKey extends Partitioner {
    private final int partitions;

    ByKey(int partitions) {
      this.partitions = partitions;
    }

    @Override
    public int numPartitions() {
      return partitions;
    }

    @Override
    public int getPartition(Object key) {
      return ((Key) key).target();
    }
  }

  /** A unit's documents as they are asked for, then what its reading found. */
  private static Iterator<Tuple2<Key, Item>> encode(
      int unit, Documents documents, EncodeSettings settings, long seed) throws IOException {
    CleanDocuments clean = settings.clean(unit, documents);
    Tokenizer tokenizer = settings.tokenizer().tokenizer();
    Encoder encoder = tokenizer.encoder();
    OptionalInt endOfText = settings.endOfText(tokenizer);
    AtomicLong trainLeft =
        new AtomicLong(
            settings.rule() instanceof SplitRule.Tail tail ? tail.trainCharacters(unit) : 0);
    Iterator<Tuple2<Key, Item>> encoded =
        clean.each(
            document -> {
              boolean inOrder = settings.rule() instanceof SplitRule.Tail;
              SplitName split =
                  inOrder
                      ? (trainLeft.get() > 0 ? SplitName.TRAIN : SplitName.VALID)
                      : settings.split(document);
              Document item = encode(document, settings, encoder, endOfText, split);
              trainLeft.addAndGet(-item.characters());
              return new Tuple2<>(key(unit, document.ordinal(), seed, settings.unitCount()), item);
            });
    Iterator<Tuple2<Key, Item>> found =
        Stream.of(unit)
            .map(
                number ->
                    new Tuple2<Key, Item>(
                        new Key(number, Long.MIN_VALUE, number, -1), new Reading(clean.found())))
            .iterator();
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return encoded.hasNext() || found.hasNext();
      }

      @Override
      public Tuple2<Key, Item> next() {
        return encoded.hasNext() ? encoded.next() : found.next();
      }
    };
  }

  private static Document encode(
      CleanDocuments clean,
      EncodeSettings settings,
      Encoder encoder,
      OptionalInt endOfText,
      SplitName split)
      throws IOException {
    Tokenizer.TokenList tokens = new Tokenizer.TokenList();
    int characters = 0;
    int bytes = 0;
    do {
      characters += Utf8Text.characters(clean.bytes(), clean.from(), clean.to());
      bytes = Math.addExact(bytes, clean.to() - clean.from());
      encoder.append(clean.bytes(), clean.from(), clean.to(), tokens);
    } while (clean.nextPiece());
    encoder.endDocument(tokens);
    if (endOfText.isPresent()) {
      tokens.accept(new int[] {endOfText.getAsInt()}, 1);
    }
    int label = settings.isLabelled() ? settings.labelId(clean.label()) : -1;
    return new Document(split, label, characters, bytes, tokens.toArray());
  }

  private static Key key(int unit, int ordinal, long seed, int units) {
    long random = SplitMix.mix(SplitMix.mix(seed) ^ SplitMix.mix((long) unit << 32 | ordinal));
    int target = (int) Math.multiplyHigh(random >>> 1, 2L * units);
    return new Key(target, random, unit, ordinal);
  }

  private static UnitResult write(
      int unit, Iterator<Tuple2<Key, Item>> items, EncodeSettings settings) throws IOException {
    CleanDocuments.Found found = CleanDocuments.Found.NOTHING;
    try (UnitWriter writer =
        UnitWriter.create(new Path(settings.units()), unit, settings.layout(), settings.hadoop())) {
      while (items.hasNext()) {
        Item item = items.next()._2();
        if (item instanceof Document document) {
          write(document, writer);
          writer.report();
        } else if (item instanceof Reading reading) {
          found = reading.found();
        }
      }
      return writer.finish(found);
    }
  }

  private static void write(Document document, UnitWriter writer) throws IOException {
    SplitWriter out = writer.of(document.split());
    out.count(document.characters(), document.bytes());
    out.append(document.tokens(), document.tokens().length);
    if (!out.endSequence()) {
      writer.countWithoutTokens();
      return;
    }
    out.countDocument();
    if (document.label() >= 0) {
      out.label(document.label());
    }
  }
}
