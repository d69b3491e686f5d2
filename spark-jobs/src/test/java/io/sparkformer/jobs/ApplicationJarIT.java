package io.sparkformer.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the build packs: into the jar that spark-submit takes, and into the embedded Spark. */
class ApplicationJarIT {
  private static final Path TARGET = Path.of("target");

  @Test
  void theJarHoldsNothingThatSparkBringsAndNothingThatCanClashWithIt() throws IOException {
    assertThat(entries())
        .noneMatch(entry -> entry.matches("(org/apache|org/slf4j|scala|io/netty)/.+"))
        .noneMatch(entry -> entry.matches("(com/fasterxml|com/google|org/yaml|picocli)/.+"))
        .noneMatch(entry -> entry.matches("META-INF/.+\\.(SF|DSA|RSA)"))
        .noneMatch(entry -> entry.endsWith("module-info.class"));
  }

  @Test
  void theJarHoldsTheApplicationAndWhatItNeedsBesidesSpark() throws IOException {
    assertThat(entries())
        .contains(
            "META-INF/LICENSE",
            "META-INF/NOTICE",
            "META-INF/services/ai.djl.engine.EngineProvider",
            "io/sparkformer/jobs/Main.class",
            "io/sparkformer/datasets/InvalidInputException.class",
            "ai/djl/pytorch/jni/PyTorchLibrary.class",
            "com/sun/jna/Native.class",
            "jnilib/linux-x86_64/cpu/libdjl_torch.so",
            "jnilib/linux-x86_64/cu128/libdjl_torch.so",
            "org/knowm/xchart/XYChart.class",
            "me/tongfei/progressbar/ProgressBar.class",
            "org/jline/terminal/TerminalBuilder.class",
            "io/sparkformer/shaded/gson/Gson.class",
            "io/sparkformer/shaded/jackson/yaml/YAMLFactory.class",
            "io/sparkformer/shaded/snakeyaml/Yaml.class",
            "io/sparkformer/shaded/picocli/CommandLine.class")
        .doesNotHaveDuplicates();
  }

  @Test
  void theJarStartsWithMain() throws IOException {
    try (JarFile jar = open()) {
      assertThat(jar.getManifest().getMainAttributes().getValue("Main-Class"))
          .isEqualTo("io.sparkformer.jobs.Main");
    }
  }

  @Test
  void theEmbeddedSparkHoldsSparkInOneVersionAndNothingOfTheApplication() throws IOException {
    try (Stream<Path> files = Files.list(TARGET.resolve("embedded-spark/jars"))) {
      List<String> jars = files.map(file -> file.getFileName().toString()).toList();
      assertThat(jars)
          .contains(
              "spark-core_2.12-3.5.7.jar", "slf4j-api-2.0.7.jar", "commons-compress-1.23.0.jar")
          .noneMatch(jar -> jar.matches("(djl|api|pytorch|gson|picocli|model-core|datasets)-.+"));
      assertThat(jars.stream().map(jar -> jar.replaceFirst("-\\d[\\w.]*", "")))
          .as("names without versions: if one is twice, run mvn clean")
          .doesNotHaveDuplicates();
    }
  }

  private static List<String> entries() throws IOException {
    try (JarFile jar = open()) {
      return jar.stream().filter(entry -> !entry.isDirectory()).map(JarEntry::getName).toList();
    }
  }

  private static JarFile open() throws IOException {
    return new JarFile(TARGET.resolve("sparkformer.jar").toFile());
  }
}
