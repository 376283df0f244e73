// SPDX-License-Identifier: MIT OR Apache-2.0
/* Does to the panel's window what the system does, for tests, or starts a program as a user who is no administrator:
 *
 *   poke icon               whether the icon beside the clock is there: 1 or 0
 *   poke menu               whether a menu is open: 1 or 0
 *   poke dpi FROM TO        the window comes from a monitor of so many pixels to the inch to another one
 *   poke where              window, inside, and each control: id, left, top, width, height
 *   poke lower COMMAND …    COMMAND without the group of administrators; its exit code
 */

#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <shellapi.h>
#include <stdio.h>
#include <wchar.h>

#ifndef WM_DPICHANGED
#define WM_DPICHANGED 0x02E0
#endif

static BOOL CALLBACK print_control(HWND control, LPARAM parent)
{
    RECT at;
    GetWindowRect(control, &at);
    MapWindowPoints(NULL, (HWND)parent, (POINT *)&at, 2);
    wprintf(L"%d %ld %ld %ld %ld\n", GetDlgCtrlID(control), at.left, at.top, at.right - at.left, at.bottom - at.top);
    return TRUE;
}

static int where(HWND window)
{
    RECT outer, inner;
    GetWindowRect(window, &outer);
    GetClientRect(window, &inner);
    wprintf(L"window %ld %ld %ld %ld\n", outer.left, outer.top, outer.right - outer.left, outer.bottom - outer.top);
    wprintf(L"inside 0 0 %ld %ld\n", inner.right, inner.bottom);
    EnumChildWindows(window, print_control, (LPARAM)window);
    return 0;
}

static int icon(HWND window)
{
    NOTIFYICONDATAW data = { sizeof(data) };
    data.hWnd = window;
    data.uID = 1;
    wprintf(L"%d\n", Shell_NotifyIconW(NIM_MODIFY, &data) != 0);
    return 0;
}

/* What the message names lies in the memory of the window's process. */
static int dpi(HWND window, int from, int to)
{
    RECT rect;
    DWORD id;
    GetWindowRect(window, &rect);
    rect.right = rect.left + (rect.right - rect.left) * to / from;
    rect.bottom = rect.top + (rect.bottom - rect.top) * to / from;
    GetWindowThreadProcessId(window, &id);
    HANDLE process = OpenProcess(PROCESS_VM_OPERATION | PROCESS_VM_WRITE, FALSE, id);
    if (!process)
        return 3;
    void *place = VirtualAllocEx(process, NULL, sizeof(rect), MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    if (!place || !WriteProcessMemory(process, place, &rect, sizeof(rect), NULL))
        return 4;
    SendMessageW(window, WM_DPICHANGED, MAKEWPARAM(to, to), (LPARAM)place);
    return 0;
}

static int lower(WCHAR *command)
{
    SID_IDENTIFIER_AUTHORITY authority = { SECURITY_NT_AUTHORITY };
    SID_AND_ATTRIBUTES administrators = { NULL, 0 };
    STARTUPINFOW start = { sizeof(start) };
    PROCESS_INFORMATION process;
    HANDLE own, token;
    DWORD code = 9;
    if (!AllocateAndInitializeSid(&authority, 2, SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS, 0, 0, 0, 0, 0, 0,
                                  &administrators.Sid))
        return 3;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &own))
        return 4;
    if (!CreateRestrictedToken(own, 0, 1, &administrators, 0, NULL, 0, NULL, &token))
        return 5;
    if (!CreateProcessAsUserW(token, NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &start, &process))
        return 6;
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    return code;
}

int wmain(int count, WCHAR **arguments)
{
    if (count > 2 && !wcscmp(arguments[1], L"lower")) {
        WCHAR command[4096] = L"";
        for (int n = 2; n < count; n++) {
            wcscat(command, n > 2 ? L" \"" : L"\"");
            wcscat(command, arguments[n]);
            wcscat(command, L"\"");
        }
        return lower(command);
    }
    HWND window = FindWindowW(L"AriosoPanel", NULL);
    if (!window || count < 2)
        return 2;
    if (!wcscmp(arguments[1], L"icon"))
        return icon(window);
    if (!wcscmp(arguments[1], L"menu")) {
        HWND menu = FindWindowW(L"#32768", NULL);
        wprintf(L"%d\n", menu && IsWindowVisible(menu));
        return 0;
    }
    if (!wcscmp(arguments[1], L"where"))
        return where(window);
    if (count > 3 && !wcscmp(arguments[1], L"dpi"))
        return dpi(window, _wtoi(arguments[2]), _wtoi(arguments[3]));
    return 2;
}
