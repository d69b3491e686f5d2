package io.sparkformer.datasets.tokenizer.training;

import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import io.sparkformer.datasets.tokenizer.BpeTokenizer;
import io.sparkformer.datasets.tokenizer.ByteStrings;
import io.sparkformer.datasets.tokenizer.PieceMerger;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * How often each pre-token occurs: what a {@link BpeTrainer} learns from.
 *
 * <p>Tasks each count their part of the texts; their counts travel as bytes, in parts by hash for a
 * shuffle or whole, and are added up. For one thread.
 */
public final class PretokenCounts {

  /**
   * Longer pre-tokens are left out: they are no words, and would cost time and long tokens. How
   * many there were is kept.
   */
  public static final int MAX_BYTES = 256;

  private final ByteStrings pretokens = new ByteStrings();
  private long[] counts = new long[64];
  private long ignored;

  /** Counts a pre-token some more times. */
  public void add(byte[] bytes, int from, int to, long count) {
    if (to - from > MAX_BYTES) {
      ignored += count;
    } else if (to > from) {
      addAt(pretokens.add(bytes, from, to), count);
    }
  }

  /** Counts the pre-tokens of a text, or of a part that ends where it is safe to cut. */
  public void addText(Pretokenizer pretokenizer, byte[] utf8, int from, int to) {
    int start = from;
    while (start < to) {
      int end = pretokenizer.end(utf8, start, to);
      add(utf8, start, end, 1);
      start = end;
    }
  }

  /** Adds others. */
  public void addAll(PretokenCounts others) {
    for (int i = 0; i < others.size(); i++) {
      addAt(pretokens.addFrom(others.pretokens, i), others.counts[i]);
    }
    ignored += others.ignored;
  }

  /** Adds what {@link #toBytes} or {@link #toParts} gave. */
  public void addSerialized(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      ignored += in.readLong();
      byte[] pretoken = new byte[MAX_BYTES];
      for (int left = in.readInt(); left > 0; left--) {
        int length = 1 + in.readUnsignedByte();
        in.readFully(pretoken, 0, length);
        add(pretoken, 0, length, readCount(in));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the counts are damaged", e);
    }
  }

  /** Distinct pre-tokens. */
  public int size() {
    return pretokens.size();
  }

  /** Pre-tokens counted, the ignored ones apart. */
  public long total() {
    return Arrays.stream(counts).sum();
  }

  /** Bytes of the pre-tokens counted, the ignored ones apart. */
  public long bytes() {
    long bytes = 0;
    for (int i = 0; i < size(); i++) {
      bytes = Math.addExact(bytes, Math.multiplyExact(counts[i], (long) pretokens.length(i)));
    }
    return bytes;
  }

  /** How many tokens a tokenizer makes of the pre-tokens counted, the ignored ones apart. */
  public long tokens(BpeTokenizer tokenizer) {
    PieceMerger merger = new PieceMerger(tokenizer.merges(), tokenizer.wholeTokens());
    byte[] pretoken = new byte[MAX_BYTES];
    long tokens = 0;
    for (int i = 0; i < size(); i++) {
      pretokens.copy(i, pretoken, 0);
      long ofOne = merger.merge(pretoken, 0, pretokens.length(i));
      tokens = Math.addExact(tokens, Math.multiplyExact(counts[i], ofOne));
    }
    return tokens;
  }

  /**
   * Distinct pre-tokens by how many bits their counts have: at i, how many occur at least 2^(i-1)
   * times and less than 2^i.
   */
  public long[] sizesByBits() {
    long[] sizes = new long[Long.SIZE];
    for (int i = 0; i < size(); i++) {
      sizes[Long.SIZE - Long.numberOfLeadingZeros(counts[i])]++;
    }
    return sizes;
  }

  /** Those that occur as often as that or more. */
  public PretokenCounts atLeast(long minCount) {
    PretokenCounts frequent = new PretokenCounts();
    for (int i = 0; i < size(); i++) {
      if (counts[i] >= minCount) {
        frequent.addAt(frequent.pretokens.addFrom(pretokens, i), counts[i]);
      }
    }
    frequent.ignored = ignored;
    return frequent;
  }

  /** Pre-tokens that were too long. */
  public long ignored() {
    return ignored;
  }

  /** All, to send them. */
  public byte[] toBytes() {
    return toParts(1)[0];
  }

  /**
   * All, in parts: a pre-token's part is the same whoever counted it.
   *
   * @param parts how many, at least 1
   */
  public byte[][] toParts(int parts) {
    int[] partOf = new int[size()];
    int[] sizes = new int[parts];
    for (int i = 0; i < partOf.length; i++) {
      partOf[i] = Integer.remainderUnsigned(pretokens.hash(i), parts);
      sizes[partOf[i]]++;
    }
    ByteArrayOutputStream[] bytes = new ByteArrayOutputStream[parts];
    Arrays.setAll(bytes, part -> new ByteArrayOutputStream());
    DataOutputStream[] out = new DataOutputStream[parts];
    Arrays.setAll(out, part -> new DataOutputStream(bytes[part]));
    try {
      for (int part = 0; part < parts; part++) {
        out[part].writeLong(part == 0 ? ignored : 0);
        out[part].writeInt(sizes[part]);
      }
      for (int i = 0; i < partOf.length; i++) {
        write(i, out[partOf[i]]);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e); // an array has no I/O
    }
    return Arrays.stream(bytes).map(ByteArrayOutputStream::toByteArray).toArray(byte[][]::new);
  }

  /** The numbers of the pre-tokens in the order of their bytes, however they were added. */
  int[] sorted() {
    Comparator<Integer> byBytes = pretokens::compare;
    return IntStream.range(0, size()).boxed().sorted(byBytes).mapToInt(i -> i).toArray();
  }

  byte[] pretoken(int number) {
    return pretokens.get(number);
  }

  long count(int number) {
    return counts[number];
  }

  /** Bytes of the distinct pre-tokens together. */
  int distinctBytes() {
    return pretokens.totalBytes();
  }

  private void addAt(int number, long count) {
    if (number >= counts.length) {
      counts = Arrays.copyOf(counts, Math.max(number + 1, 2 * counts.length));
    }
    counts[number] = Math.addExact(counts[number], count);
  }

  private void write(int number, DataOutputStream out) throws IOException {
    byte[] pretoken = pretokens.get(number);
    out.writeByte(pretoken.length - 1);
    out.write(pretoken);
    long rest = counts[number]; // seven bits a byte, the low ones first
    while (rest > 0x7F) {
      out.writeByte((int) ((rest & 0x7F) | 0x80));
      rest >>>= 7;
    }
    out.writeByte((int) rest);
  }

  private static long readCount(DataInputStream in) throws IOException {
    long count = 0;
    int shift = 0;
    int next = in.readUnsignedByte();
    while (next > 0x7F) {
      count |= (long) (next & 0x7F) << shift;
      shift += 7;
      next = in.readUnsignedByte();
    }
    return count | (long) next << shift;
  }
}
