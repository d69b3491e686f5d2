package io.sparkformer.jobs.tokenize;

import io.sparkformer.datasets.text.Utf8Text;
import io.sparkformer.datasets.tokenizer.Encoder;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.jobs.input.CleanDocuments;
import io.sparkformer.jobs.input.Documents;
import io.sparkformer.jobs.input.UnitTask;
import java.io.IOException;
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
      out.countDocument();
      do {
        characters += out.append(encoder, document.bytes(), document.from(), document.to());
        writer.report();
      } while (document.nextPiece());
      end(document, out);
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
          trainLeft = addCut(documents, trainLeft, counts ? 1 : 0);
        }
      }
    }

    /**
     * Adds a document, or a part of one, whose first characters are for training.
     *
     * @param documentsHere 0 if its split has had an earlier part of it
     * @return characters that are left for training behind it
     */
    private long addCut(CleanDocuments document, long trainLeft, int documentsHere)
        throws IOException {
      long left = trainLeft;
      SplitName split = left > 0 ? SplitName.TRAIN : SplitName.VALID;
      if (documentsHere > 0) {
        writer.of(split).countDocument();
      }
      do {
        byte[] utf8 = document.bytes();
        int from = document.from();
        if (split == SplitName.TRAIN && left < Utf8Text.characters(utf8, from, document.to())) {
          int cut = Utf8Text.skip(utf8, from, left);
          writer.of(split).append(encoder, utf8, from, cut);
          writer.of(split).flush(encoder);
          writer.of(split).endSequence();
          from = cut;
          left = 0;
          split = SplitName.VALID;
          writer.of(split).countDocument();
        }
        long characters = writer.of(split).append(encoder, utf8, from, document.to());
        left -= split == SplitName.TRAIN ? characters : 0;
        writer.report();
      } while (document.nextPiece());
      end(document, writer.of(split));
      return left;
    }

    private void end(CleanDocuments document, SplitWriter out) throws IOException {
      out.flush(encoder);
      if (document.ends() && endOfText.isPresent()) {
        out.append(endOfText.getAsInt());
      }
      out.endSequence();
      if (settings.isLabelled()) {
        out.label(settings.labelId(document.label()));
      }
    }
  }
}
