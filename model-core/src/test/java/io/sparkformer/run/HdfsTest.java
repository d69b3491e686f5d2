package io.sparkformer.run;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.run.RunDirectory.Mode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Data set and output on an HDFS of two datanodes, one of which is lost meanwhile. */
@Tag("cluster")
class HdfsTest {

  private static final String HADOOP = "org.apache.hadoop";

  @TempDir private java.nio.file.Path directory;
  private MiniDFSCluster cluster;
  private FileSystem hdfs;

  @BeforeEach
  void start() throws IOException {
    Configurator.setLevel(HADOOP, Level.OFF); // It has much to say about a lost datanode.
    Configuration configuration = new Configuration();
    configuration.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, directory.resolve("hdfs").toString());
    configuration.setInt("dfs.replication", 2);
    cluster = new MiniDFSCluster.Builder(configuration).numDataNodes(2).build();
    hdfs = cluster.getFileSystem();
  }

  @AfterEach
  void stop() {
    cluster.shutdown(true);
    Configurator.setLevel(HADOOP, Level.WARN);
  }

  @Test
  void aRunOutlivesADatanodeAndComesToTheSameAsOnALocalDisk() throws IOException {
    java.nio.file.Path local =
        TinyRun.dataset(directory.resolve("data"), TinyRun.TEXT, TinyRun.TEXT.substring(0, 300));
    java.nio.file.Path undisturbed = directory.resolve("undisturbed");
    TinyRun.train(local, undisturbed, Mode.START, "schedule.decay-steps=20");
    Path data = hdfs.makeQualified(new Path("/data"));
    hdfs.copyFromLocalFile(hadoop(local), data);
    RunDirectory output = RunDirectory.of(hdfs.getConf(), hdfs.makeQualified(new Path("/a run")));

    TinyRun.train(
        data,
        output,
        Mode.START,
        TinyRun.onLine(
            metric -> {
              if (metric.step() == 5) {
                cluster.stopDataNode(0);
              }
            }),
        "schedule.decay-steps=20",
        "training.max-steps=12");
    TrainingResult resumed =
        TinyRun.train(data, output, Mode.RESUME, event -> {}, "schedule.decay-steps=20");

    assertThat(resumed.resumedFrom()).isEqualTo(12);
    for (String file :
        List.of(
            "last/model.safetensors",
            "best/model.safetensors",
            "checkpoints/step-00000016/optimizer.safetensors",
            "checkpoints/step-00000020/state.json")) {
      try (InputStream in = hdfs.open(new Path(output.path(), file))) {
        assertThat(in.readAllBytes())
            .as(file)
            .isEqualTo(Files.readAllBytes(undisturbed.resolve(file)));
      }
    }
    assertThat(MetricsLog.read(hdfs, output.path()))
        .hasSameSizeAs(MetricsLog.read(localFiles(), hadoop(undisturbed)));
  }
}
