package io.sparkformer.datasets.tokenizer;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.Sha256;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Byte-level BPE (Sennrich et al. 2016, arXiv:1508.07909; Radford et al. 2019).
 *
 * <p>Knows all bytes: any text has tokens, and they give its bytes back. Immutable and safe for use
 * by many threads.
 */
public final class BpeTokenizer implements Tokenizer {

  /** Names under which models have the token that ends a document, the likeliest first. */
  private static final List<String> END_OF_TEXT =
      List.of("<|endoftext|>", "<|end_of_text|>", "</s>", "<|im_end|>");

  private static final int BYTES = 256;

  private final BpeModel model;
  private final byte[][] bytesOfIds;
  private final MergeTable merges;
  private final AddedTokens addedTokens;
  private final WholeTokens wholeTokens;
  private final AroundText around;

  private BpeTokenizer(BpeModel model, AroundText around) {
    this.model = model;
    this.around = around;
    this.bytesOfIds = bytesOfIds(model);
    this.merges = MergeTable.of(model.merges(), idsOfBytes(model.tokens()));
    this.addedTokens = AddedTokens.of(model.addedTokens());
    this.wholeTokens =
        model.pieces() == BpeModel.WholePieces.LOOKED_UP
            ? WholeTokens.of(model.tokens(), merges)
            : WholeTokens.none();
  }

  /**
   * A tokenizer of a model.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if a byte is no token, a merge is of ids
   *     that are none, or there are more ids than 2^20
   */
  public static BpeTokenizer of(BpeModel model) {
    return of(model, AroundText.NOTHING);
  }

  /** The same, of a file that puts tokens around texts. */
  static BpeTokenizer of(BpeModel model, AroundText around) {
    requireConsistent(model);
    return new BpeTokenizer(model, around);
  }

  private static void requireConsistent(BpeModel model) {
    int ids = model.tokens().length;
    int highest = model.addedTokens().values().stream().mapToInt(id -> id).max().orElse(0);
    require(
        Math.max(ids - 1, highest) < MergeTable.MAX_IDS,
        "the vocabulary has ids up to %d: ids from 0 to %d are supported",
        Math.max(ids - 1, highest),
        MergeTable.MAX_IDS - 1);
    BpeModel.Merges merges = model.merges();
    int count = merges.merged().length;
    require(
        count == merges.left().length
            && count == merges.right().length
            && count <= MergeTable.maxMerges(),
        "the vocabulary has %d, %d and %d ids of merges: they must be as many, up to %d",
        merges.left().length,
        merges.right().length,
        count,
        MergeTable.maxMerges());
    for (int rank = 0; rank < count; rank++) {
      int left = merges.left()[rank];
      int right = merges.right()[rank];
      int merged = merges.merged()[rank];
      require(
          isIn(left, ids) && isIn(right, ids) && isIn(merged, ids),
          "merge %d makes %d of %d and %d: the vocabulary has ids from 0 to %d",
          rank,
          merged,
          left,
          right,
          ids - 1);
    }
  }

  private static boolean isIn(int id, int ids) {
    return id >= 0 && id < ids;
  }

  private static int[] idsOfBytes(byte[][] tokens) {
    int[] ids = new int[BYTES];
    Arrays.fill(ids, -1);
    for (int id = tokens.length - 1; id >= 0; id--) {
      if (tokens[id].length == 1) {
        ids[tokens[id][0] & 0xFF] = id;
      }
    }
    for (int b = 0; b < BYTES; b++) {
      require(
          ids[b] >= 0,
          "the vocabulary has no token for the byte 0x%02X: byte-level ones have one for every byte",
          b);
    }
    return ids;
  }

  private static byte[][] bytesOfIds(BpeModel model) {
    int highest = model.addedTokens().values().stream().mapToInt(id -> id).max().orElse(-1);
    int size = Math.max(highest + 1, model.tokens().length);
    while (size > highest + 1 && model.tokens()[size - 1].length == 0) {
      size--;
    }
    byte[][] bytes = new byte[size][];
    Arrays.fill(bytes, new byte[0]);
    System.arraycopy(model.tokens(), 0, bytes, 0, Math.min(size, model.tokens().length));
    for (Map.Entry<String, Integer> token : model.addedTokens().entrySet()) {
      bytes[token.getValue()] = token.getKey().getBytes(StandardCharsets.UTF_8);
    }
    return bytes;
  }

  @Override
  public int vocabSize() {
    return bytesOfIds.length;
  }

  @Override
  public int addedCount() {
    return model.addedTokens().size();
  }

  @Override
  public AroundText around() {
    return around;
  }

  @Override
  public OptionalInt endOfText() {
    Map<String, Integer> added = model.addedTokens();
    return END_OF_TEXT.stream().filter(added::containsKey).mapToInt(added::get).findFirst();
  }

  @Override
  public boolean canCut() {
    return !addedTokens.holdsWhiteSpace() && model.prefixSpace() == BpeModel.PrefixSpace.NONE;
  }

  /**
   * A new encoder.
   *
   * <p>It remembers the tokens of pieces that it has seen, in {@link #cacheBytes} bytes.
   */
  @Override
  public Encoder encoder() {
    return new BpeEncoder(this, BpeEncoder.MAX_HELD_BACK);
  }

  /** The size of each encoder's memory of pieces. */
  public static int cacheBytes() {
    return PieceCache.bytes();
  }

  @Override
  public boolean isToken(int id) {
    return isIn(id, bytesOfIds.length) && bytesOfIds[id].length > 0;
  }

  @Override
  public DecodeStream decodeStream() {
    return new ByteDecodeStream(this);
  }

  @Override
  public byte[] decodeBytes(int[] ids) {
    requireKnown(ids);
    ByteArrayOutputStream text = new ByteArrayOutputStream(4 * ids.length);
    for (int id : ids) {
      text.writeBytes(bytesOfIds[id]);
    }
    return text.toByteArray();
  }

  @Override
  public byte[] json() {
    return BpeJson.write(model);
  }

  @Override
  public String fingerprint() {
    MessageDigest digest = Sha256.digest();
    String kind =
        String.join(
            " ",
            "bpe",
            model.pretokenizer().name(),
            model.pieces().name(),
            model.prefixSpace().name());
    update(digest, kind.getBytes(StandardCharsets.US_ASCII));
    update(digest, bytesOfIds.length);
    for (byte[] bytes : bytesOfIds) {
      update(digest, bytes);
    }
    model.addedTokens().values().stream().sorted().forEach(id -> update(digest, id));
    BpeModel.Merges merged = model.merges();
    for (int[] ids : List.of(merged.left(), merged.right(), merged.merged())) {
      update(digest, ids.length);
      ByteBuffer canonical = ByteBuffer.allocate(ids.length * Integer.BYTES);
      canonical.asIntBuffer().put(ids);
      digest.update(canonical);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void update(MessageDigest digest, byte[] bytes) {
    update(digest, bytes.length);
    digest.update(bytes);
  }

  private static void update(MessageDigest digest, int number) {
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(number).flip());
  }

  /** What it is made of. */
  public BpeModel model() {
    return model;
  }

  /** Whether some pieces are tokens that merges do not lead to. */
  public boolean looksUpPieces() {
    return wholeTokens.size() > 0;
  }

  public MergeTable merges() {
    return merges;
  }

  AddedTokens addedTokens() {
    return addedTokens;
  }

  public WholeTokens wholeTokens() {
    return wholeTokens;
  }
}
