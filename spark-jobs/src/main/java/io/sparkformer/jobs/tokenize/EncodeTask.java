package io.sparkformer.jobs.tokenize;

import io.sparkformer.datasets.text.Utf8Text;
import io.sparkformer.datasets.tokenizer.Encoder;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.jobs.input.CleanDocuments;
import io.sparkformer.jobs.input.Documents;
import io.sparkformer.jobs.input.UnitTask;
import java.io.IOException;
import java.util.Arrays;
import java.util.OptionalInt;
import org.apache.hadoop.fs.Path;

/** Tokenizes one unit and writes its shards, on an executor. */
record EncodeTask(EncodeSettings settings) implements UnitTask<UnitResult> {

  @Override
  public UnitResult run(int unit, Documents documents) throws IOException {
    CleanDocuments clean = settings.clean(unit, documents);
    try (UnitWriter writer =
        UnitWriter.create(new Path(settings.units()), unit, settings.layout(), settings.hadoop())) {
      Work work = new Work(settings, writer);
      if (settings.rule() instanceof SplitRule.Tail tail) {
        work.addInOrder(clean, tail, unit);
      } else {
        while (clean.next()) {
          work.add(clean, settings.split(clean));
        }
      }
      return writer.finish(clean.found());
    }
  }

  private static final class Work {
    /** A token, and the next one to predict. */
    private static final int LEAST_TOKENS = 2;

    private final EncodeSettings settings;
    private final UnitWriter writer;
    private final Encoder encoder;
    private final OptionalInt endOfText;

    Work(EncodeSettings settings, UnitWriter writer) {
      Tokenizer tokenizer = settings.tokenizer().tokenizer();
      this.settings = settings;
      this.writer = writer;
      this.encoder = tokenizer.encoder();
      this.endOfText = settings.endOfText(tokenizer);
    }

    /** Adds a whole document and returns its characters. */
    long add(CleanDocuments document, SplitName split) throws IOException {
      SplitWriter out = writer.of(split);
      long characters = 0;
      do {
        characters += out.append(encoder, document.bytes(), document.from(), document.to());
        writer.report();
      } while (document.nextPiece());
      count(document, out, end(document, out));
      return characters;
    }

    void addInOrder(CleanDocuments documents, SplitRule.Tail tail, int unit) throws IOException {
      long trainLeft = tail.trainCharacters(unit);
      boolean validStartsHere = unit == tail.unit() && trainLeft == 0;
      while (documents.next()) {
        if (tail.cut() == SplitRule.Cut.NOWHERE) {
          // The document's place is that of its first character.
          trainLeft -= add(documents, trainLeft > 0 ? SplitName.TRAIN : SplitName.VALID);
        } else {
          boolean counts = documents.begins() || (validStartsHere && documents.ordinal() == 0);
          trainLeft = addInPlace(documents, trainLeft, counts);
        }
      }
    }

    /**
     * Adds a document, or a part of one, whose first characters are for training.
     *
     * @param counts whether its split has had no earlier part of it
     * @return characters that are left for training behind it
     */
    private long addInPlace(CleanDocuments document, long trainLeft, boolean counts)
        throws IOException {
      long left = trainLeft;
      boolean inTrain = trainLeft > 0;
      SplitWriter out = writer.of(inTrain ? SplitName.TRAIN : SplitName.VALID);
      boolean first = true;
      do {
        int from = document.from();
        if (inTrain && left < Utf8Text.characters(document.bytes(), from, document.to())) {
          addCut(document, left, first, counts);
          return 0;
        }
        long characters = out.append(encoder, document.bytes(), from, document.to());
        left -= inTrain ? characters : 0;
        writer.report();
        first = false;
      } while (document.nextPiece());
      boolean any = end(document, out);
      if (counts) {
        count(document, out, any);
      }
      return left;
    }

    /**
     * Adds the rest of a document that is cut within the piece at hand; at the piece's beginning or
     * end instead if that would leave a part with nothing to predict.
     *
     * @param left the piece's characters before the cut
     * @param first whether the piece is the first
     * @param counts whether training has had no earlier part of it
     */
    private void addCut(CleanDocuments document, long left, boolean first, boolean counts)
        throws IOException {
      byte[] piece = Arrays.copyOfRange(document.bytes(), document.from(), document.to());
      boolean more = document.nextPiece();
      int cut = Utf8Text.skip(piece, 0, left);
      SplitWriter train = writer.of(SplitName.TRAIN);
      if (first && tokens(piece, 0, cut) < LEAST_TOKENS) {
        cut = 0;
      } else if (!more
          && document.ends()
          && tokens(piece, cut, piece.length) + (endOfText.isPresent() ? 1 : 0) < LEAST_TOKENS) {
        train.append(encoder, piece, 0, piece.length);
        boolean any = end(document, train);
        if (counts) {
          count(document, train, any);
        }
        return;
      }
      train.append(encoder, piece, 0, cut);
      train.flush(encoder);
      if (train.endSequence() && counts) {
        train.countDocument();
      }
      SplitWriter valid = writer.of(SplitName.VALID);
      valid.append(encoder, piece, cut, piece.length);
      while (more) {
        valid.append(encoder, document.bytes(), document.from(), document.to());
        writer.report();
        more = document.nextPiece();
      }
      count(document, valid, end(document, valid));
    }

    /** As a text of its own. */
    private int tokens(byte[] utf8, int from, int to) throws IOException {
      Tokenizer.TokenList tokens = new Tokenizer.TokenList();
      Encoder alone = settings.tokenizer().tokenizer().encoder();
      alone.append(utf8, from, to, tokens);
      alone.endDocument(tokens);
      return tokens.toArray().length;
    }

    /** Ends a document, or a part of one, and tells whether it has tokens. */
    private boolean end(CleanDocuments document, SplitWriter out) throws IOException {
      out.flush(encoder);
      if (document.ends() && endOfText.isPresent()) {
        out.append(endOfText.getAsInt());
      }
      boolean any = out.endSequence();
      if (any && settings.isLabelled()) {
        out.label(settings.labelId(document.label()));
      }
      return any;
    }

    private void count(CleanDocuments document, SplitWriter out, boolean hasTokens) {
      if (hasTokens || !document.begins() || !document.ends()) {
        out.countDocument();
      } else {
        writer.countWithoutTokens();
      }
    }
  }
}
