package io.sparkformer;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleNameEndingWith;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.sparkformer.jobs.JobCommand;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.Command;

/** What a package may use, and what a class's name says of it. */
class ArchitectureRulesTest {

  private static final String ROOT = "io.sparkformer.";

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .withImportOption(location -> !location.contains("/test-classes/"))
          .withImportOption(location -> !location.contains("-tests.jar"))
          .importPackages("io.sparkformer");

  /** The packages, each with all that it uses of the others: a new arrow is to be thought over. */
  private static final String ARROWS =
      """
      datasets ->
      datasets.text ->
      datasets.pretokenizer ->
      datasets.tokenizer -> datasets datasets.pretokenizer
      datasets.tokenizer.training -> datasets datasets.pretokenizer datasets.tokenizer
      datasets.tokens -> datasets datasets.tokenizer
      datasets.sample -> datasets datasets.tokenizer datasets.tokens
      datasets.synthetic -> datasets datasets.sample datasets.tokenizer datasets.tokens

      torch -> datasets
      collective -> datasets
      evaluation -> datasets datasets.tokenizer datasets.tokens
      safetensors -> datasets torch
      model -> datasets datasets.sample datasets.tokenizer safetensors torch
      gguf -> datasets datasets.pretokenizer datasets.tokenizer model safetensors
      generate -> datasets model
      predict -> datasets datasets.sample datasets.tokenizer generate model torch
      recipe -> datasets datasets.sample datasets.synthetic datasets.tokens model
      train -> collective datasets datasets.sample model recipe
      run -> collective datasets datasets.sample datasets.tokenizer datasets.tokens evaluation generate model recipe safetensors train

      jobs.cluster -> datasets recipe run torch
      jobs.input -> datasets datasets.pretokenizer datasets.text datasets.tokens
      jobs.output -> datasets datasets.tokenizer
      jobs.picture -> datasets evaluation
      jobs -> datasets datasets.tokenizer jobs.cluster jobs.input jobs.output model predict

      jobs.tokenize -> datasets datasets.sample datasets.text datasets.tokenizer datasets.tokens jobs jobs.cluster jobs.input jobs.output
      jobs.vocabulary -> datasets datasets.pretokenizer datasets.tokenizer datasets.tokenizer.training jobs jobs.cluster jobs.input jobs.output
      jobs.dataset -> datasets datasets.tokenizer datasets.tokens jobs jobs.cluster jobs.output
      jobs.report -> datasets datasets.tokens evaluation jobs.picture model run
      jobs.train -> collective datasets datasets.synthetic datasets.tokens jobs jobs.cluster jobs.output jobs.report model recipe run torch
      ml -> datasets datasets.sample generate jobs.cluster jobs.input jobs.output jobs.tokenize jobs.train model predict recipe run
      jobs.evaluate -> datasets datasets.sample datasets.tokenizer datasets.tokens evaluation jobs jobs.cluster jobs.input ml model predict recipe run
      jobs.score -> datasets jobs jobs.cluster jobs.input jobs.output ml model predict
      jobs.generate -> datasets datasets.tokenizer generate jobs jobs.cluster model
      jobs.attention -> datasets evaluation jobs jobs.cluster jobs.output jobs.picture model
      jobs.export -> datasets gguf jobs jobs.cluster jobs.output model safetensors
      jobs.bench -> collective datasets datasets.sample datasets.tokenizer generate jobs jobs.input jobs.score ml model predict recipe safetensors train
      """;

  @Test
  void packagesUseEachOtherAsTheTableSays() {
    Map<String, Set<String>> arrows = new TreeMap<>();
    for (JavaClass type : CLASSES) {
      Set<String> of = arrows.computeIfAbsent(shortName(type), name -> new TreeSet<>());
      type.getDirectDependenciesFromSelf().stream()
          .map(dependency -> dependency.getTargetClass().getBaseComponentType())
          .filter(target -> target.getPackageName().startsWith("io.sparkformer"))
          .map(ArchitectureRulesTest::shortName)
          .filter(target -> !target.equals(shortName(type)))
          .forEach(of::add);
    }

    assertThat(lines(arrows)).containsExactlyInAnyOrderElementsOf(table());
  }

  @Test
  void noPackagesUseEachOtherInACircle() {
    slices().matching(ROOT + "(**)").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void roomsOfJobsDoNotKnowEachOtherButForTheReportAfterTrainingAndTheBenchOfScoring() {
    Set<String> ground =
        Set.of("jobs", "jobs.cluster", "jobs.input", "jobs.output", "jobs.picture");
    for (String line : table()) {
      String room = line.substring(0, line.indexOf(" ->"));
      if (!room.startsWith("jobs")) {
        continue;
      }
      Set<String> others =
          Stream.of(line.substring(line.indexOf("->") + 2).strip().split(" "))
              .filter(used -> used.startsWith("jobs") && !ground.contains(used))
              .collect(Collectors.toSet());
      switch (room) {
        case "jobs.train" -> assertThat(others).containsExactly("jobs.report");
        case "jobs.bench" -> assertThat(others).containsExactly("jobs.score");
        default -> assertThat(others).as(room).isEmpty();
      }
    }
  }

  @Test
  void everyJobIsFoundAsAService() {
    assertThat(ServiceLoader.load(JobCommand.class).stream().map(ServiceLoader.Provider::type))
        .extracting(Class::getName)
        .containsExactlyInAnyOrderElementsOf(
            CLASSES.stream()
                .filter(type -> type.isAssignableTo(JobCommand.class) && !type.isInterface())
                .map(JavaClass::getName)
                .toList());
  }

  @Test
  void modulesBelowKnowNoSparkAndDataSetsNoEngine() {
    noClasses()
        .that()
        .resideOutsideOfPackages(ROOT + "jobs..", ROOT + "ml..")
        .should()
        .dependOnClassesThat(resideInAPackage("org.apache.spark.."))
        .check(CLASSES);
    noClasses()
        .that()
        .resideInAPackage(ROOT + "datasets..")
        .should()
        .dependOnClassesThat(
            resideInAPackage("ai.djl..")
                .and(not(resideInAPackage("ai.djl.huggingface..")))
                .and(not(equivalentTo(EngineException.class)))) // which that library throws
        .check(CLASSES);
  }

  @Test
  void theEngineIsStartedInOnePlaceWhichGuardsItsFiles() {
    noClasses()
        .that()
        .resideInAPackage("io.sparkformer..")
        .and()
        .doNotHaveSimpleName("TorchEngine")
        .should()
        .callMethod(Engine.class, "getEngine", String.class)
        .check(CLASSES);
  }

  @Test
  void reportsAndPicturesAreMadeWithoutSpark() {
    noClasses()
        .that()
        .resideInAnyPackage(ROOT + "jobs.report", ROOT + "jobs.picture")
        .should()
        .dependOnClassesThat(resideInAPackage("org.apache.spark.."))
        .check(CLASSES);
  }

  /** The engine warns of it with a paragraph, which would be the first that a user sees. */
  @Test
  void arraysAreNotOverwrittenInAWayThatTheEngineCallsDeprecated() {
    noClasses()
        .should()
        .callMethodWhere(
            target(owner(assignableTo(NDArray.class)))
                .and(target(nameMatching("set|copyTo")))
                .and(
                    describe(
                        "of one argument",
                        call ->
                            call.getTarget() instanceof CodeUnitAccessTarget method
                                && method.getRawParameterTypes().size() == 1)))
        .check(CLASSES);
  }

  @Test
  void commandsAreWhatTheCommandLineCallsAndNothingElseIs() {
    classes()
        .that()
        .areAnnotatedWith(Command.class)
        .and()
        .areTopLevelClasses()
        .should()
        .haveSimpleNameEndingWith("Command")
        .check(CLASSES);
    classes()
        .that(simpleNameEndingWith("Command"))
        .and()
        .areNotInterfaces()
        .should()
        .beAnnotatedWith(Command.class)
        .check(CLASSES);
  }

  @Test
  void tasksCanBeSentToExecutors() {
    classes()
        .that(simpleNameEndingWith("Task"))
        .and()
        .areTopLevelClasses()
        .should()
        .beAssignableTo(Serializable.class)
        .check(CLASSES);
  }

  @Test
  void optionsConfigsAndResultsAreRecords() {
    classes()
        .that(
            simpleNameEndingWith("Options")
                .or(simpleNameEndingWith("Config"))
                .or(simpleNameEndingWith("Result")))
        .should()
        .beRecords()
        .check(CLASSES);
  }

  @Test
  void everyPackageSaysWhatItHolds() throws IOException {
    Path repository = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(repository.resolve("model-core"))) {
      repository = repository.getParent();
    }
    for (String module : List.of("datasets", "model-core", "spark-jobs")) {
      try (Stream<Path> files = Files.walk(repository.resolve(module).resolve("src/main/java"))) {
        assertThat(
                files
                    .filter(file -> file.toString().endsWith(".java"))
                    .map(Path::getParent)
                    .distinct())
            .isNotEmpty()
            .allSatisfy(folder -> assertThat(folder.resolve("package-info.java")).exists());
      }
    }
  }

  private static List<String> table() {
    return ARROWS.lines().filter(line -> !line.isBlank()).map(String::strip).toList();
  }

  private static List<String> lines(Map<String, Set<String>> arrows) {
    return arrows.entrySet().stream()
        .map(entry -> (entry.getKey() + " -> " + String.join(" ", entry.getValue())).strip())
        .toList();
  }

  private static String shortName(JavaClass type) {
    String name = type.getPackageName();
    return name.length() < ROOT.length() ? name : name.substring(ROOT.length());
  }
}
