package io.sparkformer.datasets.tokenizer;

import io.sparkformer.datasets.pretokenizer.CharacterClasses;
import io.sparkformer.datasets.pretokenizer.SafeCuts;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;

/** Finds added tokens in texts: a tree over their bytes. */
final class AddedTokens {

  private static final int ROOT = 0;
  private static final int NONE = -1;

  private final boolean[] canBegin = new boolean[256];
  private byte[] label = new byte[16];
  private int[] firstChild = new int[16];
  private int[] nextSibling = new int[16];
  private int[] idAt = new int[16];
  private int nodes;
  private int longest;
  private boolean holdsWhiteSpace;

  private AddedTokens() {
    node((byte) 0, NONE);
  }

  static AddedTokens of(SortedMap<String, Integer> tokens) {
    AddedTokens all = new AddedTokens();
    for (Map.Entry<String, Integer> token : tokens.entrySet()) {
      byte[] content = token.getKey().getBytes(StandardCharsets.UTF_8);
      if (content.length > 0) {
        all.put(content, token.getValue());
      }
    }
    return all;
  }

  /** Length of the longest in bytes. */
  int longest() {
    return longest;
  }

  /** Whether white space is in one, so that one can reach across {@link SafeCuts}. */
  boolean holdsWhiteSpace() {
    return holdsWhiteSpace;
  }

  /** Where the first one begins, {@code to} if there is none. */
  int find(byte[] utf8, int from, int to) {
    if (longest == 0) {
      return to;
    }
    for (int at = from; at < to; at++) {
      if (canBegin[utf8[at] & 0xFF] && longestAt(utf8, at, to) != NONE) {
        return at;
      }
    }
    return to;
  }

  /** The end of the longest that begins at {@code at}, where one does. */
  int end(byte[] utf8, int at, int to) {
    int end = at;
    int node = ROOT;
    for (int i = at; i < to && node != NONE; i++) {
      node = child(node, utf8[i]);
      if (node != NONE && idAt[node] != NONE) {
        end = i + 1;
      }
    }
    return end;
  }

  /** The id of the longest that begins at {@code at}, where one does. */
  int id(byte[] utf8, int at, int to) {
    return idAt[longestAt(utf8, at, to)];
  }

  /** Whether one begins before {@code at} and ends behind it. */
  boolean reachAcross(byte[] utf8, int from, int at, int to) {
    for (int begin = Math.max(from, at - longest + 1); begin < at; begin++) {
      if (canBegin[utf8[begin] & 0xFF] && end(utf8, begin, to) > at) {
        return true;
      }
    }
    return false;
  }

  private int longestAt(byte[] utf8, int at, int to) {
    int found = NONE;
    int node = ROOT;
    for (int i = at; i < to; i++) {
      node = child(node, utf8[i]);
      if (node == NONE) {
        break;
      }
      if (idAt[node] != NONE) {
        found = node;
      }
    }
    return found;
  }

  private int child(int node, byte b) {
    int child = firstChild[node];
    while (child != NONE && label[child] != b) {
      child = nextSibling[child];
    }
    return child;
  }

  private void put(byte[] content, int id) {
    int node = ROOT;
    for (int i = 0; i < content.length; i++) {
      int child = child(node, content[i]);
      if (child == NONE) {
        child = node(content[i], firstChild[node]);
        firstChild[node] = child;
      }
      node = child;
      int flags = CharacterClasses.at(content, i, content.length);
      holdsWhiteSpace |= (flags & CharacterClasses.WHITE) != 0;
    }
    idAt[node] = id;
    longest = Math.max(longest, content.length);
    canBegin[content[0] & 0xFF] = true;
  }

  private int node(byte b, int sibling) {
    if (nodes == label.length) {
      label = Arrays.copyOf(label, 2 * nodes);
      firstChild = Arrays.copyOf(firstChild, 2 * nodes);
      nextSibling = Arrays.copyOf(nextSibling, 2 * nodes);
      idAt = Arrays.copyOf(idAt, 2 * nodes);
    }
    label[nodes] = b;
    firstChild[nodes] = NONE;
    nextSibling[nodes] = sibling;
    idAt[nodes] = NONE;
    return nodes++;
  }
}
