package io.sparkformer.jobs.train;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A job's arguments as a person would type it into a shell. */
final class ShellWords {

  private ShellWords() {}

  static String of(List<String> arguments) {
    return Stream.concat(Stream.of("sparkformer"), arguments.stream())
        .map(ShellWords::quoted)
        .collect(Collectors.joining(" "));
  }

  private static String quoted(String word) {
    return word.matches("[\\w@%+=:,./-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
