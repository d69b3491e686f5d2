package io.sparkformer.datasets.pretokenizer;

/**
 * Code points that HuggingFace's library knows as of Unicode 16 and Java 17, with Unicode 13, does
 * not: ranges in hexadecimal, by general category. Nothing was taken out of a category.
 */
enum UnicodeAdditions {
  UPPERCASE_LETTERS(
      Character.UPPERCASE_LETTER,
      "1c89 2c2f a7c0 a7cb-a7cc a7d0 a7d6 a7d8 a7da a7dc 10570-1057a 1057c-1058a 1058c-10592"
          + " 10594-10595 10d50-10d65"),
  LOWERCASE_LETTERS(
      Character.LOWERCASE_LETTER,
      "1c8a 2c5f a7c1 a7cd a7d1 a7d3 a7d5 a7d7 a7d9 a7db 10597-105a1 105a3-105b1 105b3-105b9"
          + " 105bb-105bc 10d70-10d85 1df00-1df09 1df0b-1df1e 1df25-1df2a"),
  MODIFIER_LETTERS(
      Character.MODIFIER_LETTER,
      "8c9 a7f2-a7f4 10780-10785 10787-107b0 107b2-107ba 10d4e 10d6f 16d40-16d42 16d6b-16d6c"
          + " 1aff0-1aff3 1aff5-1affb 1affd-1affe 1e030-1e06d 1e4eb"),
  OTHER_LETTERS(
      Character.OTHER_LETTER,
      "870-887 889-88e 8b5 8c8 c5d cdd 170d 171f 1b4c 9ffd-9fff 105c0-105f3 10d4a-10d4d 10d4f"
          + " 10ec2-10ec4 10f70-10f81 11071-11072 11075 1123f-11240 11380-11389 1138b 1138e"
          + " 11390-113b5 113b7 113d1 113d3 11740-11746 11ab0-11abf 11bc0-11be0 11f02 11f04-11f10"
          + " 11f12-11f33 12f90-12ff0 1342f 13441-13446 13460-143fa 16100-1611d 16a70-16abe"
          + " 16d43-16d6a 18cff 1b11f-1b122 1b132 1b155 1df0a 1e290-1e2ad 1e4d0-1e4ea 1e5d0-1e5ed"
          + " 1e5f0 1e7e0-1e7e6 1e7e8-1e7eb 1e7ed-1e7ee 1e7f0-1e7fe 2a6de-2a6df 2b735-2b739"
          + " 2ebf0-2ee5d 31350-323af"),
  MARKS(
      Character.NON_SPACING_MARK,
      "897-89f 8ca-8d2 c3c cf3 ece 1715 180f 1ac1-1ace 1dfa 10d69-10d6d 10efc-10eff 10f82-10f85"
          + " 11070 11073-11074 110c2 11241 113b8-113c0 113c2 113c5 113c7-113ca 113cc-113d0 113d2"
          + " 113e1-113e2 11f00-11f01 11f03 11f34-11f3a 11f3e-11f42 11f5a 13440 13447-13455"
          + " 1611e-1612f 1cf00-1cf2d 1cf30-1cf46 1e08f 1e2ae 1e4ec-1e4ef 1e5ee-1e5ef"),
  NUMBERS(
      Character.DECIMAL_DIGIT_NUMBER,
      "10d40-10d49 116d0-116e3 11bf0-11bf9 11f50-11f59 16130-16139 16ac0-16ac9 16d70-16d79"
          + " 1ccf0-1ccf9 1d2c0-1d2d3 1e4f0-1e4f9 1e5f1-1e5fa");

  private static final int HEXADECIMAL = 16;

  private final byte category;
  private final String ranges;

  UnicodeAdditions(byte category, String ranges) {
    this.category = category;
    this.ranges = ranges;
  }

  /** Puts the categories of all additions where they are. */
  static void into(byte[] categories) {
    for (UnicodeAdditions additions : values()) {
      for (String range : additions.ranges.split(" ", -1)) {
        int dash = range.indexOf('-');
        int first = Integer.parseInt(range, 0, dash < 0 ? range.length() : dash, HEXADECIMAL);
        int last = dash < 0 ? first : Integer.parseInt(range.substring(dash + 1), HEXADECIMAL);
        for (int codePoint = first; codePoint <= last; codePoint++) {
          categories[codePoint] = additions.category;
        }
      }
    }
  }
}
