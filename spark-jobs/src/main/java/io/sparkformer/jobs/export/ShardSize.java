package io.sparkformer.jobs.export;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A size as transformers has it: 5GB is 5 x 10^9 bytes. */
final class ShardSize {

  private static final Pattern FORM = Pattern.compile("([0-9]{1,9})\\s*(KB|MB|GB|TB|)");
  private static final Map<String, Long> UNITS =
      Map.of(
          "", 1L, "KB", 1_000L, "MB", 1_000_000L, "GB", 1_000_000_000L, "TB", 1_000_000_000_000L);

  private ShardSize() {}

  /**
   * The bytes that are meant.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if it is no size
   */
  static long bytes(String size) {
    Matcher matcher = FORM.matcher(size.strip().toUpperCase(Locale.ROOT));
    require(
        matcher.matches() && Long.parseLong(matcher.group(1)) > 0,
        "--max-shard-size is '%s': it must be a number of bytes, or of KB, MB, GB or TB, such as 5GB",
        size);
    return Long.parseLong(matcher.group(1)) * UNITS.get(matcher.group(2));
  }
}
