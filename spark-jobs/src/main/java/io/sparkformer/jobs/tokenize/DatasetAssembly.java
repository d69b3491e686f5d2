package io.sparkformer.jobs.tokenize;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.DatasetManifest.Skipped;
import io.sparkformer.datasets.tokens.ShardFile;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.jobs.input.Source;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes a data set of units that are all complete. */
final class DatasetAssembly {

  private static final Logger LOG = LoggerFactory.getLogger(DatasetAssembly.class);

  private final TokenizeOptions options;
  private final Source source;
  private final EncodeSettings settings;
  private final FinishedUnits units;
  private final FileSystem fileSystem;
  private final Path directory;

  DatasetAssembly(
      TokenizeOptions options, Source source, EncodeSettings settings, FinishedUnits units) {
    this.options = options;
    this.source = source;
    this.settings = settings;
    this.units = units;
    this.fileSystem = units.output().fileSystem();
    this.directory = units.output().staging();
  }

  /** Gives the shards their names and writes what belongs to them, dataset.json last. */
  DatasetManifest commit() throws IOException {
    List<UnitResult> results = new ArrayList<>();
    for (int unit = 0; unit < source.units(); unit++) {
      results.add(units.result(unit));
    }
    Tokenizer tokenizer = settings.tokenizer().tokenizer();
    SortedMap<SplitName, DatasetManifest.Split> splits = new TreeMap<>();
    for (SplitName name : SplitName.values()) {
      splits.put(name, split(name, results));
    }
    long documents = results.stream().mapToLong(UnitResult::documents).sum();
    Skipped skipped = results.stream().map(UnitResult::skipped).reduce(Skipped.NONE, Skipped::plus);
    require(
        documents > 0,
        "the corpus has no text: of %d documents of --input all are null, empty or without a token: give some with text, or another tokenizer",
        skipped.documents());
    long malformed = results.stream().mapToLong(UnitResult::malformed).sum();
    results.stream()
        .map(UnitResult::firstMalformed)
        .filter(place -> !place.isEmpty())
        .findFirst()
        .ifPresent(
            place ->
                LOG.warn("{} malformed parts were read as U+FFFD; first {}", malformed, place));
    DatasetManifest manifest =
        new DatasetManifest(
            DatasetManifest.FORMAT_VERSION,
            new DatasetManifest.TokenizerFile(Tokenizer.FILE_NAME, tokenizer.fingerprint()),
            tokenizer.vocabSize(),
            settings.layout().dtype(),
            settings.labels(),
            documents,
            malformed,
            skipped,
            splits,
            source.sources(),
            options.recorded());
    tokenizer.write(fileSystem, directory);
    manifest.write(fileSystem, directory);
    // Not before there was space for all else.
    deleteUnits();
    if (!settings.kept().isEmpty()) {
      fileSystem.delete(new Path(settings.kept()), true);
    }
    return manifest;
  }

  /** All at once: a killed job must not leave units of which a part is gone. */
  private void deleteUnits() throws IOException {
    Path hidden = new Path(directory, "." + UUID.randomUUID());
    if (!fileSystem.rename(units.directory(), hidden)) {
      throw new IOException("cannot rename " + units.directory() + " to " + hidden);
    }
    fileSystem.delete(hidden, true);
  }

  private DatasetManifest.Split split(SplitName name, List<UnitResult> results) throws IOException {
    List<Integer> inSplit = new ArrayList<>();
    long tokens = 0;
    long documents = 0;
    long characters = 0;
    long bytes = 0;
    for (int unit = 0; unit < results.size(); unit++) {
      UnitResult.Part part = results.get(unit).part(name);
      tokens += part.tokens();
      documents += part.documents();
      characters += part.characters();
      bytes += part.bytes();
      if (!part.files().isEmpty()) {
        inSplit.add(unit);
      }
    }
    List<ShardFile> files = new ArrayList<>();
    List<ShardFile> labelFiles = new ArrayList<>();
    for (int shard = 0; shard < inSplit.size(); shard++) {
      int unit = inSplit.get(shard);
      UnitResult.Part part = results.get(unit).part(name);
      String place = String.format(Locale.ROOT, "-%05d-of-%05d", shard, inSplit.size());
      for (ShardFile file : part.files()) {
        files.add(moved(unit, file, name.label() + place));
      }
      for (ShardFile file : part.labelFiles()) {
        labelFiles.add(moved(unit, file, name.label() + ShardFile.LABELS + place));
      }
    }
    return new DatasetManifest.Split(tokens, documents, characters, bytes, files, labelFiles);
  }

  /** Moves a unit's file to its name in the data set; a killed job may have done so. */
  private ShardFile moved(int unit, ShardFile file, String stem) throws IOException {
    ShardFile named = file.named(stem);
    Path from = new Path(units.of(unit), file.name());
    Path to = new Path(directory, named.name());
    boolean done = !fileSystem.exists(from) && fileSystem.exists(to);
    if (!done && !fileSystem.rename(from, to) && !fileSystem.exists(to)) {
      throw new IOException("cannot rename " + from + " to " + to);
    }
    return named;
  }
}
