"""bench.py - runs the benchmark and writes its report.

`make bench` and `make bench-quick` call it; --smoke is for the test, which only
asks whether everything runs.  Into the directory --out come benchmark.md, with
ratios, benchmark.csv, with everything that was measured, and the plots.
"""
import argparse
import os

import cases
import processes
import report


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--programs', required=True, metavar='DIR')
    parser.add_argument('--out', required=True, metavar='DIR')
    scale = parser.add_mutually_exclusive_group()
    scale.add_argument('--quick', dest='scale', action='store_const',
                       const=cases.QUICK, default=cases.FULL)
    scale.add_argument('--smoke', dest='scale', action='store_const',
                       const=cases.SMOKE)
    parser.add_argument('--case', action='append', metavar='METHOD',
                        help='only this one, such as echoes or chains')
    args = parser.parse_args()

    os.sched_setaffinity(0, {processes.CORES[-1]})
    results = report.Results()
    run = cases.Cases(args.programs, results, args.scale)
    for case in args.case or ['all']:
        getattr(run, case)()
    print(report.write(results, run, args.out))
    print('The report is in %s.' % args.out)
    if len(processes.CORES) < 2:
        print('Server and load shared one core: the rates mean nothing.')


if __name__ == '__main__':
    main()
