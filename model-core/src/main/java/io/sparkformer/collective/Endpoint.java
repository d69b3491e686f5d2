package io.sparkformer.collective;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a rank tells the others before they connect.
 *
 * @param host address that it listens on, as others reach it
 * @param port that it listens on
 * @param memory the shared memory that it sees; ranks with the same one can map each other's files
 * @param memoryBytes free there; 0 if it has none
 */
public record Endpoint(String host, int port, String memory, long memoryBytes) {

  /** How messages name a rank. */
  static String named(List<Endpoint> all, int rank) {
    Endpoint endpoint = all.get(rank);
    return "rank " + rank + " (" + endpoint.host + ":" + endpoint.port + ")";
  }

  /**
   * The order of ranks: those that share memory are neighbours, so that their sums meet early in
   * the tree; the first stays first.
   *
   * @return indices into the list
   */
  public static List<Integer> order(List<Endpoint> all) {
    Map<String, Integer> firstOf = new LinkedHashMap<>();
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      firstOf.putIfAbsent(all.get(i).place(), i);
      order.add(i);
    }
    order.sort(Comparator.comparing(i -> firstOf.get(all.get(i).place())));
    return order;
  }

  private String place() {
    return host + " " + memory;
  }

  /**
   * Neighbours that exchange through shared memory: lists of ranks, each led by its first.
   *
   * @param bytesOf what a group of ranks needs there; where that is not free, each rank is a group
   */
  static List<List<Integer>> groups(
      List<Endpoint> all, java.util.function.ToLongFunction<List<Integer>> bytesOf) {
    List<List<Integer>> groups = new ArrayList<>();
    for (int rank = 0; rank < all.size(); ) {
      List<Integer> group = new ArrayList<>(List.of(rank));
      while (++rank < all.size() && all.get(rank).sharesMemoryWith(all.get(group.get(0)))) {
        group.add(rank);
      }
      long free = group.stream().mapToLong(r -> all.get(r).memoryBytes).min().getAsLong();
      if (group.size() == 1 || bytesOf.applyAsLong(group) <= free) {
        groups.add(group);
      } else {
        group.forEach(alone -> groups.add(List.of(alone)));
      }
    }
    return groups;
  }

  private boolean sharesMemoryWith(Endpoint other) {
    return memoryBytes > 0 && place().equals(other.place());
  }
}
