package io.sparkformer.jobs.tokenize;

import java.math.BigInteger;
import java.util.Comparator;
import java.util.regex.Pattern;

/** The order of classes: whole numbers by their size, then other labels by their characters. */
final class LabelOrder {

  private static final Pattern WHOLE = Pattern.compile("[+-]?[0-9]{1,40}");

  static final Comparator<String> COMPARATOR = LabelOrder::compare;

  private LabelOrder() {}

  private static int compare(String a, String b) {
    boolean aIsWhole = WHOLE.matcher(a).matches();
    boolean bIsWhole = WHOLE.matcher(b).matches();
    if (aIsWhole && bIsWhole) {
      int bySize = new BigInteger(a).compareTo(new BigInteger(b));
      return bySize == 0 ? a.compareTo(b) : bySize;
    }
    return aIsWhole == bIsWhole ? a.compareTo(b) : Boolean.compare(bIsWhole, aIsWhole);
  }
}
