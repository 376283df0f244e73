// SPDX-License-Identifier: MIT OR Apache-2.0
/* What Wine's newdev.dll lacks: DiUninstallDriverW. It writes down what it was asked, takes the INF away and wants a restart. While there
   is a file "refuse" it refuses. */

#include <windows.h>

__declspec(dllexport) BOOL WINAPI UpdateDriverForPlugAndPlayDevicesW(HWND parent, LPCWSTR id, LPCWSTR inf, DWORD flags, BOOL *restart)
{
    (void)parent, (void)id, (void)inf, (void)flags, (void)restart;
    SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
    return FALSE;
}

__declspec(dllexport) BOOL WINAPI DiUninstallDriverW(HWND parent, LPCWSTR inf, DWORD flags, BOOL *restart)
{
    char line[MAX_PATH];
    DWORD length = 0, written;
    HANDLE file;

    (void)parent;
    if (GetFileAttributesW(L"refuse") != INVALID_FILE_ATTRIBUTES) {
        SetLastError(ERROR_ACCESS_DENIED);
        return FALSE;
    }
    while (inf[length] != 0 && length < sizeof(line) - 3) {
        line[length] = (char)inf[length];
        length++;
    }
    line[length++] = ' ';
    line[length++] = (char)('0' + flags);
    line[length++] = '\n';
    file = CreateFileW(L"uninstalled", FILE_APPEND_DATA, 0, NULL, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE || !WriteFile(file, line, length, &written, NULL))
        return FALSE;
    CloseHandle(file);
    *restart = TRUE;
    return DeleteFileW(inf);
}
