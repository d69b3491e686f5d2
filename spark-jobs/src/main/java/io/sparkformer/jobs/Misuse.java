package io.sparkformer.jobs;

import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.commons.text.similarity.LevenshteinDistance;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** What is wrong with a command line, in one line: a word that is not known before all else. */
final class Misuse {

  private static final LevenshteinDistance DISTANCE = LevenshteinDistance.getDefaultInstance();

  /** Of so many letters one may be wrong. */
  private static final int LETTERS = 3;

  private Misuse() {}

  static String messageOf(ParameterException e) {
    CommandLine job = e.getCommandLine();
    List<String> unknown =
        e instanceof UnmatchedArgumentException unmatched
            ? unmatched.getUnmatched()
            : job.getUnmatchedArguments();
    // A mistyped option is also one that is missing, and its value stands alone; of a mistyped
    // command no option is known.
    boolean hasCommands = !job.getSubcommands().isEmpty();
    return unknown.stream()
        .filter(argument -> isOption(argument) != hasCommands)
        .findFirst()
        .or(() -> unknown.stream().findFirst())
        .map(argument -> unknown(argument, job))
        .orElseGet(() -> e.getMessage() + help(job));
  }

  private static boolean isOption(String argument) {
    return argument.startsWith("-");
  }

  private static String unknown(String argument, CommandLine job) {
    if (isOption(argument)) {
      String name = argument.replaceFirst("=.*", "");
      List<String> names =
          job.getCommandSpec().options().stream().map(option -> option.longestName()).toList();
      return "there is no option '%s'%s".formatted(name, suggestion(name, names, job));
    }
    Collection<String> commands = job.getSubcommands().keySet();
    String what =
        commands.isEmpty()
            ? "unexpected argument '%s'"
            : job.getParent() == null ? "there is no job '%s'" : "there is no command '%s'";
    return what.formatted(argument) + suggestion(argument, commands, job);
  }

  private static String suggestion(String typed, Collection<String> names, CommandLine job) {
    String word = word(typed);
    TreeMap<Integer, List<String>> near = new TreeMap<>();
    for (String name : names) {
      int distance = DISTANCE.apply(word, word(name));
      if (distance <= (word.length() + LETTERS - 1) / LETTERS) {
        near.merge(
            distance, List.of(name), (a, b) -> Stream.of(a, b).flatMap(List::stream).toList());
      }
    }
    return near.isEmpty()
        ? help(job)
        : ": did you mean %s?".formatted(String.join(" or ", near.firstEntry().getValue()));
  }

  private static String word(String name) {
    return name.replaceFirst("^-+", "");
  }

  private static String help(CommandLine job) {
    return ": see '%s --help'".formatted(job.getCommandSpec().qualifiedName());
  }
}
