package io.sparkformer.jobs.tokenize;

import io.sparkformer.jobs.output.OutputDirectory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** The units of a job that are complete, each in a directory of its number. */
record FinishedUnits(OutputDirectory output, Path directory) {

  /** Their numbers, ascending. */
  List<Integer> find(int units) throws IOException {
    FileSystem fileSystem = output.fileSystem();
    if (!fileSystem.exists(directory)) {
      return List.of();
    }
    List<Integer> found = new ArrayList<>();
    for (FileStatus status : fileSystem.listStatus(directory)) {
      String name = status.getPath().getName();
      // Others are those of tasks that were killed.
      if (name.matches("\\d{1,9}") && Integer.parseInt(name) < units) {
        found.add(Integer.parseInt(name));
      }
    }
    return found.stream().sorted().toList();
  }

  /** The numbers of the others. */
  List<Integer> missing(int units) throws IOException {
    List<Integer> found = find(units);
    List<Integer> missing = new ArrayList<>();
    int next = 0;
    for (int unit = 0; unit < units; unit++) {
      if (next < found.size() && found.get(next) == unit) {
        next++;
      } else {
        missing.add(unit);
      }
    }
    return missing;
  }

  /** What was made of a unit. */
  UnitResult result(int unit) throws IOException {
    Path of = of(unit);
    return UnitResult.read(output.fileSystem(), of)
        .orElseThrow(() -> new IOException(of + " has no " + UnitResult.FILE_NAME));
  }

  Path of(int unit) {
    return new Path(directory, Integer.toString(unit));
  }
}
