// SPDX-License-Identifier: MIT OR Apache-2.0
// Threads, waits, timers, DPCs: what happens, when and in which order.
#include "kernel.h"
static i64 start;
static int now(void) { return (int)((KeQueryPerformanceCounter(NULL) - start) / 10000); }

static KDPC dpc[4];
static KTIMER timer[2];
static KEVENT event;
static KSEMAPHORE semaphore;
static KMUTEX mutex;

static void say(KDPC *d, PVOID c, PVOID a, PVOID b) { DbgPrint("%d %s\n", now(), c); }
static void slice(PVOID t, PVOID c) { DbgPrint("%d slice\n", now()); if (--*(int *)c == 0) KeSetEvent(&event, 0, 0); }

static void dpcs(DRIVER *d) {
    KeInitializeDpc(&dpc[0], say, "first");
    KeInitializeDpc(&dpc[1], say, "second");
    KeInitializeDpc(&dpc[2], say, "important");
    KeSetImportanceDpc(&dpc[2], 2);
    u8 old = KfRaiseIrql(2);
    KeInsertQueueDpc(&dpc[0], NULL, NULL);
    KeInsertQueueDpc(&dpc[1], NULL, NULL);
    KeInsertQueueDpc(&dpc[2], NULL, NULL);
    DbgPrint("again %d\n", KeInsertQueueDpc(&dpc[0], NULL, NULL));
    KeLowerIrql(old);
    DbgPrint("lowered\n");
}

static void timers(DRIVER *d) {
    i64 wait = MS(35);
    KeInitializeDpc(&dpc[0], say, "periodic");
    KeInitializeDpc(&dpc[1], say, "once");
    KeInitializeTimerEx(&timer[0], 0);
    KeInitializeTimerEx(&timer[1], 0);
    KeSetTimerEx(&timer[1], MS(15), 0, &dpc[1]);
    KeSetTimerEx(&timer[0], MS(10), 10, &dpc[0]);
    KeDelayExecutionThread(0, 0, &wait);
    DbgPrint("cancelled %d %d\n", KeCancelTimer(&timer[0]), KeCancelTimer(&timer[1]));
    DbgPrint("%d delayed\n", now());
    wait = MS(5);
    KeInitializeEvent(&event, 1, 0);
    DbgPrint("timeout %x\n", KeWaitForSingleObject(&event, 0, 0, 0, &wait));
    DbgPrint("%d waited\n", now());
}

static void ex_timers(DRIVER *d) {
    static int n = 3;
    PVOID t = ExAllocateTimer(slice, &n, 4);
    KeInitializeEvent(&event, 1, 0);
    ExSetTimer(t, MS(1), 10000, NULL);
    KeWaitForSingleObject(&event, 0, 0, 0, NULL);
    DbgPrint("deleted %d\n", ExDeleteTimer(t, 1, 1, NULL));
}

static void worker(PVOID c) {
    i64 wait = MS(1);
    KeWaitForSingleObject(&semaphore, 0, 0, 0, NULL);
    KeWaitForSingleObject(&mutex, 0, 0, 0, NULL);
    DbgPrint("in %s\n", c);
    KeDelayExecutionThread(0, 0, &wait);
    DbgPrint("out %s\n", c);
    KeReleaseMutex(&mutex, 0);
    PsTerminateSystemThread(0);
    DbgPrint("NOT REACHED\n");
}

static void threads(DRIVER *d) {
    PVOID handle[3], object[3];
    static char *names[3] = {"a", "b", "c"};
    int i;
    KeInitializeSemaphore(&semaphore, 0, 3);
    KeInitializeMutex(&mutex, 0);
    for (i = 0; i < 3; i++) {
        PsCreateSystemThread(&handle[i], 0, NULL, NULL, NULL, worker, names[i]);
        ObReferenceObjectByHandle(handle[i], 0, NULL, 0, &object[i], NULL);
        ZwClose(handle[i]);
    }
    KeReleaseSemaphore(&semaphore, 0, 3, 0);
    DbgPrint("all %x\n", KeWaitForMultipleObjects(3, object, 0, 0, 0, 0, NULL, NULL));
    for (i = 0; i < 3; i++) ObfDereferenceObject(object[i]);
    DbgPrint("%d ms\n", now());
}

static void unload(DRIVER *d) {}

NTSTATUS DriverEntry(DRIVER *driver, UNICODE_STRING *path) {
    driver->Unload = unload;
    start = KeQueryPerformanceCounter(NULL);
    CASE(dpcs) CASE(timers) CASE(ex_timers) CASE(threads)
    return 0xC0000001;
}
