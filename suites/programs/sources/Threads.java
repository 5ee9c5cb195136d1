import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.atomic.AtomicLong;
import sun.misc.Signal;

/**
 * Threads, child processes, signals, garbage collection, and the faults that a JVM takes on purpose: null pointers
 * and the guard pages of stacks. Prints what it counted: the same in every run.
 */
public final class Threads {
  private static final int THREADS = 200;
  private static final int CHILDREN = 30;
  private static final int INTERRUPTED = 5;
  private static final int SIGNALS = 200;
  private static final int NULLS = 200_000;

  private int field = 1;

  private static long threads() throws Exception {
    AtomicLong sum = new AtomicLong();
    Object lock = new Object();
    List<Thread> all = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      int number = i;
      Thread thread = new Thread(() -> {
        for (int j = 0; j < 20; j++) {
          synchronized (lock) {
            sum.addAndGet(number);
            try {
              lock.wait(0, 200_000);
            } catch (InterruptedException interrupted) {
              sum.addAndGet(-1_000_000);
            }
          }
        }
      });
      all.add(thread);
      thread.start();
    }
    for (Thread thread : all) {
      thread.join();
    }
    return sum.get();
  }

  /** A thread that does not keep the program alive, should main end by an exception. */
  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(work);
    thread.setDaemon(true);
    return thread;
  }

  private static String children() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(6, Threads::daemon);
    List<Future<Integer>> ends = new ArrayList<>();
    for (int i = 0; i < CHILDREN; i++) {
      String script = i % 5 == 4 ? "kill -KILL $$" : "echo child; exit " + i % 5;
      Callable<Integer> run = () -> {
        Process child = new ProcessBuilder("/bin/sh", "-c", script).start();
        try (BufferedReader said = new BufferedReader(new InputStreamReader(child.getInputStream()))) {
          String line = said.readLine();
          return child.waitFor() + ("child".equals(line) ? 1000 : 0);
        }
      };
      ends.add(pool.submit(run));
    }
    int sum = 0;
    for (Future<Integer> end : ends) {
      sum += end.get();
    }
    pool.shutdown();
    return Integer.toString(sum);
  }

  /** Reads that the end of another child interrupts: the kernel makes them again. */
  private static int interruptedReads() throws Exception {
    int count = 0;
    for (int i = 0; i < INTERRUPTED; i++) {
      Process slow = new ProcessBuilder("/bin/sh", "-c", "sleep 0.2; echo slow").start();
      Process quick = new ProcessBuilder("/bin/sh", "-c", "sleep 0.05").start();
      try (BufferedReader said = new BufferedReader(new InputStreamReader(slow.getInputStream()))) {
        count += "slow".equals(said.readLine()) ? 1 : 0;
      }
      count += slow.waitFor() + quick.waitFor();
    }
    return count;
  }

  /** The next one is raised when the last one was heard of: none may be lost or doubled. */
  private static int signals() throws Exception {
    SynchronousQueue<Signal> heard = new SynchronousQueue<>();
    Signal signal = new Signal("USR2");
    Signal.handle(signal, each -> {
      try {
        heard.put(each);
      } catch (InterruptedException interrupted) {
        throw new IllegalStateException(interrupted);
      }
    });
    int count = 0;
    for (int i = 0; i < SIGNALS; i++) {
      Signal.raise(signal);
      if (heard.take().equals(signal)) {
        count++;
      }
    }
    return count;
  }

  private static int nulls() {
    int count = 0;
    Threads[] some = {new Threads(), null};
    int sum = 0;
    // Often enough for the compilers, which leave the check to the page that is not there.
    for (int i = 0; i < NULLS; i++) {
      try {
        sum += some[i % 100 == 99 ? 1 : 0].field;
      } catch (NullPointerException expected) {
        count++;
      }
    }
    return count + sum;
  }

  private static int depth(int n) {
    return depth(n + 1) + 1;
  }

  private static int overflows() throws Exception {
    AtomicLong count = new AtomicLong();
    for (int i = 0; i < 10; i++) {
      Thread thread = new Thread(() -> {
        try {
          depth(0);
        } catch (StackOverflowError expected) {
          count.incrementAndGet();
        }
      });
      thread.start();
      thread.join();
    }
    return count.intValue();
  }

  private static long garbage() {
    byte[][] kept = new byte[64][];
    for (int i = 0; i < 20_000; i++) {
      byte[] block = new byte[16 << 10];
      block[i % block.length] = 1;
      kept[i % kept.length] = block;
      if (i % 5_000 == 0) {
        System.gc();
      }
    }
    long sum = 0;
    for (byte[] block : kept) {
      for (byte each : block) {
        sum += each;
      }
    }
    return sum;
  }

  public static void main(String[] arguments) throws Exception {
    Future<Long> garbage = Executors.newSingleThreadExecutor(Threads::daemon).submit(Threads::garbage);
    System.out.println("threads " + threads());
    System.out.println("children " + children());
    System.out.println("interrupted " + interruptedReads());
    System.out.println("signals " + signals());
    System.out.println("nulls " + nulls());
    System.out.println("overflows " + overflows());
    System.out.println("garbage " + garbage.get());
    System.exit(9);
  }
}
