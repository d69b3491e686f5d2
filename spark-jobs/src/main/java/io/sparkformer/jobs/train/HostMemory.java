package io.sparkformer.jobs.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.SparkConf;

/** Whether the ranks' models fit into the memory that there is for them. */
final class HostMemory {

  static final String CHECK = "memory";

  private static final String OVERHEAD = "spark.executor.memoryOverhead";
  private static final long MIB = 1 << 20;

  /** The engine's libraries, threads, and what Java needs beside its heap. */
  private static final long BESIDE_THE_MODEL = 512 * MIB;

  private HostMemory() {}

  static PreflightCheck check(MemoryNeed need, List<PreflightTask.Findings> ranks, SparkConf conf) {
    Map<String, List<PreflightTask.Findings>> byHost = new TreeMap<>();
    ranks.stream()
        .filter(rank -> !rank.onGpu())
        .forEach(rank -> byHost.computeIfAbsent(rank.host(), h -> new ArrayList<>()).add(rank));
    if (byHost.isEmpty()) {
      return PreflightCheck.skipped(CHECK, "models are in the GPUs");
    }
    PreflightCheck hosts = hosts(need, byHost);
    return hosts.hasFailed() || !isInContainers(conf) ? hosts : container(need, conf, hosts);
  }

  private static PreflightCheck hosts(
      MemoryNeed need, Map<String, List<PreflightTask.Findings>> ranksByHost) {
    List<String> hosts = new ArrayList<>();
    boolean fits = true;
    for (Map.Entry<String, List<PreflightTask.Findings>> host : ranksByHost.entrySet()) {
      List<PreflightTask.Findings> ranks = host.getValue();
      PreflightTask.Findings first = ranks.get(0);
      fits &= need.bytes() * ranks.size() <= first.totalBytes();
      hosts.add(
          "%s has %s (%s free) for %d"
              .formatted(
                  host.getKey(),
                  MemoryNeed.shown((double) first.totalBytes()),
                  MemoryNeed.shown((double) first.freeBytes()),
                  ranks.size()));
    }
    String detail =
        "a rank needs about %s, %s"
            .formatted(MemoryNeed.shown(need.bytes()), String.join(", ", hosts));
    return fits
        ? PreflightCheck.ok(CHECK, detail)
        : PreflightCheck.failed(
            CHECK,
            detail,
            "lower model.num-layers, model.embedding-dim or training.micro-batch-size, or have fewer ranks on a machine");
  }

  /** YARN and Kubernetes end an executor that takes more beside its heap than it asked for. */
  private static boolean isInContainers(SparkConf conf) {
    String master = conf.get("spark.master", "");
    return master.startsWith("yarn") || master.startsWith("k8s");
  }

  private static PreflightCheck container(MemoryNeed need, SparkConf conf, PreflightCheck hosts) {
    long heapMib = conf.getSizeAsMb("spark.executor.memory", "1g");
    double factor = conf.getDouble("spark.executor.memoryOverheadFactor", 0.1);
    long least = Math.max(384, (long) (heapMib * factor));
    long overhead = conf.getSizeAsMb(OVERHEAD, least + "m") * MIB;
    double needed = need.bytes() + BESIDE_THE_MODEL;
    return needed <= overhead
        ? hosts
        : PreflightCheck.failed(
            CHECK,
            "a rank needs about %s beside Java's heap, its container has %s for that"
                .formatted(MemoryNeed.shown(needed), MemoryNeed.shown((double) overhead)),
            "give -- --conf %s=%dm".formatted(OVERHEAD, (long) Math.ceil(needed / MIB)));
  }
}
