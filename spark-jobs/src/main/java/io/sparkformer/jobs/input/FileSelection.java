package io.sparkformer.jobs.input;

import io.sparkformer.datasets.InvalidInputException;
import java.io.Serializable;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.List;
import java.util.regex.PatternSyntaxException;

/**
 * Which of a directory's files are read: those that match one of {@code include}, if there are any,
 * and none of {@code exclude}. Files that an input names itself are always read.
 *
 * <p>Patterns are those of {@link java.nio.file.FileSystem#getPathMatcher}: {@code *} stays within
 * a name, {@code **} goes through directories, and there are <code>?</code>, <code>[a-z]</code> and
 * <code>{a,b}</code>. One without a slash is for a file's name, wherever it is; one with a slash
 * for its path below the input. One that ends with a slash is for all below a directory of that
 * path.
 */
public record FileSelection(List<String> include, List<String> exclude) implements Serializable {

  /** All files. */
  public static final FileSelection ALL = new FileSelection(List.of(), List.of());

  public FileSelection {
    include = List.copyOf(include);
    exclude = List.copyOf(exclude);
    include.forEach(glob -> matcher("--include", glob));
    exclude.forEach(glob -> matcher("--exclude", glob));
  }

  /**
   * Whether a file is read.
   *
   * @param path below the input, with slashes
   */
  boolean accepts(String path) {
    return (include.isEmpty() || matchesOne("--include", include, path))
        && !matchesOne("--exclude", exclude, path);
  }

  private static boolean matchesOne(String option, List<String> globs, String path) {
    Path file = Path.of(path);
    return globs.stream()
        .anyMatch(
            glob -> matcher(option, glob).matches(glob.contains("/") ? file : file.getFileName()));
  }

  private static PathMatcher matcher(String option, String glob) {
    try {
      String whole = glob.endsWith("/") ? glob + "**" : glob;
      if (glob.isBlank()) {
        throw new InvalidInputException(option + " is empty: give a pattern such as '*.txt'");
      }
      return FileSystems.getDefault().getPathMatcher("glob:" + whole);
    } catch (PatternSyntaxException e) {
      throw new InvalidInputException(
          String.format(
              "%s '%s' is no pattern (%s): use *, **, ?, [a-z] and {a,b}, as in '*.txt'",
              option, glob, e.getDescription()),
          e);
    }
  }

  boolean isAll() {
    return equals(ALL);
  }
}
