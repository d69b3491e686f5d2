package io.sparkformer.datasets.synthetic;

import io.sparkformer.datasets.sample.RandomOrder;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizers;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.ShardFile;
import io.sparkformer.datasets.tokens.ShardWriter;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDtype;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Writes built-in data sets into a directory: one shard for each split, dataset.json last. */
final class SyntheticWriter {

  private static final String ONE_SHARD = "-00000-of-00001";

  /** Training draws from the same function, often with the same seed. */
  private static final long OTHER_THAN_TRAINING = 0x5DEECE66DL << 20;

  private final FileSystem fileSystem;
  private final Path directory;

  SyntheticWriter(FileSystem fileSystem, Path directory) {
    this.fileSystem = fileSystem;
    this.directory = directory;
  }

  void write(SyntheticSpec.Reversal spec) throws IOException {
    List<String> digits = IntStream.range(0, spec.symbols()).mapToObj(Integer::toString).toList();
    Tokenizer tokenizer = CharTokenizer.of(String.join("", digits).codePoints().toArray());
    SortedMap<SplitName, DatasetManifest.Split> splits = new TreeMap<>();
    splits.put(SplitName.TRAIN, reversals(spec, SplitName.TRAIN, 0, spec.trainSamples()));
    splits.put(SplitName.VALID, reversals(spec, SplitName.VALID, 1, spec.validSamples()));
    finish(
        tokenizer,
        digits,
        splits,
        Map.of(
            "builtin", "reversal",
            "symbols", Integer.toString(spec.symbols()),
            "sequence_length", Integer.toString(spec.sequenceLength()),
            "train_samples", Long.toString(spec.trainSamples()),
            "valid_samples", Long.toString(spec.validSamples()),
            "seed", Long.toString(spec.seed())));
  }

  void write(SyntheticSpec.Sentences spec) throws IOException {
    Tokenizer tokenizer =
        Tokenizers.ofJson(WordTokenizerJson.of(spec.sentences()), Tokenizer.FILE_NAME);
    SortedMap<SplitName, DatasetManifest.Split> splits = new TreeMap<>();
    splits.put(SplitName.TRAIN, sentences(spec, SplitName.TRAIN, tokenizer));
    splits.put(SplitName.VALID, sentences(spec, SplitName.VALID, tokenizer));
    finish(
        tokenizer,
        List.of(),
        splits,
        Map.of("builtin", "sentences", "sentences", String.join("\n", spec.sentences())));
  }

  private DatasetManifest.Split reversals(
      SyntheticSpec.Reversal spec, SplitName name, int splitNumber, long samples)
      throws IOException {
    RandomOrder digits = new RandomOrder(spec.seed() ^ OTHER_THAN_TRAINING, spec.symbols());
    TokenDtype dtype = TokenDtype.forVocabSize(spec.symbols());
    int length = spec.sequenceLength();
    int[] sequence = new int[length];
    int[] reversed = new int[length];
    try (ShardWriter text = shard(name.label(), dtype);
        ShardWriter labels = shard(name.label() + ShardFile.LABELS, dtype)) {
      for (long sample = 0; sample < samples; sample++) {
        for (int i = 0; i < length; i++) {
          sequence[i] = (int) digits.index(sample, splitNumber, i);
          reversed[length - 1 - i] = sequence[i];
        }
        append(text, sequence);
        append(labels, reversed);
      }
      long tokens = samples * length;
      return new DatasetManifest.Split(
          tokens, samples, tokens, tokens, text.finish(), labels.finish());
    }
  }

  private DatasetManifest.Split sentences(
      SyntheticSpec.Sentences spec, SplitName name, Tokenizer tokenizer) throws IOException {
    long tokens = 0;
    long characters = 0;
    long bytes = 0;
    List<ShardFile> files = new ArrayList<>();
    try (ShardWriter text = shard(name.label(), TokenDtype.forVocabSize(tokenizer.vocabSize()))) {
      for (String sentence : spec.sentences()) {
        int[] words = tokenizer.encode(sentence);
        append(text, words);
        tokens += words.length;
        characters += sentence.codePointCount(0, sentence.length());
        bytes += sentence.getBytes(StandardCharsets.UTF_8).length;
      }
      files.addAll(text.finish());
    }
    return new DatasetManifest.Split(
        tokens, spec.sentences().size(), characters, bytes, files, List.of());
  }

  private ShardWriter shard(String name, TokenDtype dtype) throws IOException {
    return ShardWriter.create(fileSystem, directory, name + ONE_SHARD, dtype);
  }

  private static void append(ShardWriter writer, int[] sequence) throws IOException {
    writer.append(sequence, 0, sequence.length);
    writer.endDocument();
  }

  private void finish(
      Tokenizer tokenizer,
      List<String> labels,
      SortedMap<SplitName, DatasetManifest.Split> splits,
      Map<String, String> options)
      throws IOException {
    tokenizer.write(fileSystem, directory);
    new DatasetManifest(
            DatasetManifest.FORMAT_VERSION,
            new DatasetManifest.TokenizerFile(Tokenizer.FILE_NAME, tokenizer.fingerprint()),
            tokenizer.vocabSize(),
            TokenDtype.forVocabSize(tokenizer.vocabSize()),
            labels,
            splits.values().stream().mapToLong(DatasetManifest.Split::documents).sum(),
            0,
            DatasetManifest.Skipped.NONE,
            splits,
            List.of(),
            new TreeMap<>(options))
        .write(fileSystem, directory);
  }
}
