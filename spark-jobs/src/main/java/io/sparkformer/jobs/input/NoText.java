package io.sparkformer.jobs.input;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.text.Utf8Text;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files that are no text: images, archives, programs, text in UTF-16. As for git and grep, a byte
 * of zero near the start tells; a start that is mostly malformed UTF-8 does, too.
 */
final class NoText {

  private static final Logger LOG = LoggerFactory.getLogger(NoText.class);

  /** As much as git looks at. */
  static final int LOOKED_AT_BYTES = 8_000;

  /** What the driver looks at before anything runs; tasks see the others. */
  private static final int LOOKED_AT_FILES = 500;

  /** Of fewer bytes, malformed ones are rather named by their offset. */
  private static final int TELLING_BYTES = 32;

  private static final int NAMED = 3;
  private static final int PATTERNS = 8;

  private NoText() {}

  /** Whether a file that starts so is no text. */
  static boolean startsWith(byte[] bytes, int from, int to) {
    int end = Math.min(to, from + LOOKED_AT_BYTES);
    for (int at = from; at < end; at++) {
      if (bytes[at] == 0) {
        return true;
      }
    }
    int malformed = 0;
    int complete = Utf8Text.completeTo(bytes, from, end);
    for (int at = from; at < complete; ) {
      int bad = Utf8Text.firstMalformed(bytes, at, complete);
      int length = bad < complete ? Utf8Text.malformedBytes(bytes, bad, complete) : 0;
      malformed += length;
      at = bad + length;
    }
    return complete - from >= TELLING_BYTES && malformed * 2 > complete - from;
  }

  /**
   * Names files of a corpus that are no text, before any of it is read.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if there are some and malformed input is
   *     an error; otherwise they are warned of
   */
  static void check(Corpus corpus, MalformedInput policy, Configuration configuration) {
    List<Corpus.File> files =
        corpus.files().subList(0, Math.min(LOOKED_AT_FILES, corpus.files().size()));
    List<Path> none =
        files.parallelStream()
            .map(file -> new Path(file.path()))
            .filter(file -> !TextInput.isCompressed(file.toString(), configuration))
            .filter(file -> isNoText(file, configuration))
            .toList();
    if (policy == MalformedInput.REPLACE && !none.isEmpty()) {
      LOG.warn(
          "{} of {} files that were looked at are no UTF-8 text ({}), and are read as if they were: leave them out with"
              + " {}",
          none.size(),
          files.size(),
          names(none),
          patterns(none, files));
      return;
    }
    require(
        none.isEmpty(),
        "%d of %d files that were looked at are no UTF-8 text (%s): leave them out with %s, or convert them",
        none.size(),
        files.size(),
        names(none),
        patterns(none, files));
  }

  private static String names(List<Path> files) {
    String first =
        files.stream().limit(NAMED).map(Storage::shown).collect(Collectors.joining(", "));
    return files.size() > NAMED ? first + ", ..." : first;
  }

  /** What to exclude: endings, unless other files have them, too. */
  private static String patterns(List<Path> none, List<Corpus.File> files) {
    Set<Path> excluded = Set.copyOf(none);
    Set<String> kept =
        files.stream()
            .map(file -> new Path(file.path()))
            .filter(file -> !excluded.contains(file))
            .map(NoText::pattern)
            .collect(Collectors.toSet());
    List<String> patterns =
        none.stream()
            .map(file -> kept.contains(pattern(file)) ? file.getName() : pattern(file))
            .distinct()
            .sorted()
            .toList();
    String first =
        patterns.stream()
            .limit(PATTERNS)
            .map(pattern -> "--exclude '" + pattern + "'")
            .collect(Collectors.joining(" "));
    return patterns.size() > PATTERNS ? first + " ..." : first;
  }

  private static String pattern(Path file) {
    String name = file.getName();
    int dot = name.lastIndexOf('.');
    return dot > 0 ? "*" + name.substring(dot) : name;
  }

  private static boolean isNoText(Path file, Configuration configuration) {
    byte[] start = new byte[LOOKED_AT_BYTES];
    try (FSDataInputStream in = Storage.fileSystem(file, configuration).open(file)) {
      return startsWith(start, 0, in.readNBytes(start, 0, start.length));
    } catch (IOException e) {
      LOG.debug("{} cannot be looked at: the task that reads it says so, or tries again", file, e);
      return false;
    }
  }
}
