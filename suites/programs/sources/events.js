// Worker threads, child processes, signals, timers, the thread pool and the garbage collector of Node. Prints what
// it counted: the same in every run.
'use strict';
const { spawn } = require('child_process');
const crypto = require('crypto');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');

const WORKERS = 8;
const CHILDREN = 40;
const SIGNALS = 200;
const TIMERS = 1000;

if (!isMainThread) {
  // Enough garbage for many collections, and something that tells whether it was collected by mistake.
  const kept = [];
  for (let i = 0; i < 100000; i++) kept[i % 500] = { number: i, text: 'n' + i };
  parentPort.postMessage(kept.reduce((sum, each) => sum + each.number + each.text.length, workerData));
} else {
  main();
}

function workers() {
  const all = [];
  for (let i = 0; i < WORKERS; i++) {
    all.push(
      new Promise((resolve, reject) => {
        const worker = new Worker(__filename, { workerData: i });
        worker.on('message', resolve);
        worker.on('error', reject);
      })
    );
  }
  return Promise.all(all);
}

function child(number) {
  return new Promise((resolve) => {
    const script = number % 4 === 3 ? 'kill -TERM $$' : `cat; exit ${number % 4}`;
    const process = spawn('/bin/sh', ['-c', script]);
    let said = '';
    process.stdout.on('data', (data) => (said += data));
    process.stdin.on('error', () => {});
    process.stdin.end(`to ${number}\n`);
    process.on('close', (code, signal) => resolve(`${signal || code}${said === `to ${number}\n` ? '+' : '-'}`));
  });
}

// The next one is sent when the last one was heard of: none may be lost or doubled.
function signals() {
  return new Promise((resolve) => {
    let heard = 0;
    const keep = setInterval(() => {}, 1000);
    process.on('SIGUSR2', () => {
      heard++;
      if (heard < SIGNALS) {
        process.kill(process.pid, 'SIGUSR2');
      } else {
        clearInterval(keep);
        resolve(heard);
      }
    });
    process.kill(process.pid, 'SIGUSR2');
  });
}

function timers() {
  const all = [];
  for (let i = 0; i < TIMERS; i++) all.push(new Promise((resolve) => setTimeout(resolve, 1 + (i % 50), 1)));
  return Promise.all(all).then((fired) => fired.length);
}

function hashes() {
  const all = [];
  for (let i = 0; i < 16; i++) {
    all.push(
      new Promise((resolve, reject) =>
        crypto.pbkdf2('secret', `salt ${i}`, 5000, 16, 'sha256', (error, key) =>
          error ? reject(error) : resolve(key.toString('hex'))
        )
      )
    );
  }
  return Promise.all(all);
}

async function main() {
  const children = [];
  for (let i = 0; i < CHILDREN; i++) children.push(child(i));
  const [worked, ended, heard, fired, hashed] = await Promise.all([
    workers(),
    Promise.all(children),
    signals(),
    timers(),
    hashes(),
  ]);
  console.log(`workers ${worked}`);
  console.log(`children ${ended}`);
  console.log(`signals ${heard}\ntimers ${fired}\nhashes ${hashed}`);
  process.exitCode = 11;
}
