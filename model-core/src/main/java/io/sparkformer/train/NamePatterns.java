package io.sparkformer.train;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Patterns of weights' names, in which * stands for any characters. */
final class NamePatterns {

  private NamePatterns() {}

  /**
   * The names that any of the patterns matches.
   *
   * @param key of the recipe, for messages
   * @throws io.sparkformer.datasets.InvalidInputException if a pattern matches none
   */
  static Set<String> matching(String key, List<String> patterns, Set<String> names) {
    Set<String> matched = new LinkedHashSet<>();
    for (String pattern : patterns) {
      Pattern regex = Pattern.compile(("\\Q" + pattern + "\\E").replace("*", "\\E.*\\Q"));
      boolean any = false;
      for (String name : names) {
        if (regex.matcher(name).matches()) {
          matched.add(name);
          any = true;
        }
      }
      require(
          any,
          "%s: '%s' matches no weight: the model has %s",
          key,
          pattern,
          String.join(", ", names));
    }
    return matched;
  }
}
