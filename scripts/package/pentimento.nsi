; The installer for Windows, made by scripts/package.sh, which gives VERSION, FOLDER (with what is installed) and OUTPUT.
; For the one who installs it alone, so that no administrator is needed.
Target amd64-unicode
SetCompressor /SOLID lzma
Name "Pentimento ${VERSION}"
OutFile "${OUTPUT}"
Icon "${FOLDER}/pentimento.ico"
UninstallIcon "${FOLDER}/pentimento.ico"
RequestExecutionLevel user
InstallDir "$LOCALAPPDATA\Programs\Pentimento"
InstallDirRegKey HKCU "Software\Pentimento" "Folder"
!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\Pentimento"

Page directory
Page instfiles
UninstPage uninstConfirm
UninstPage instfiles

Section
  SetOutPath "$INSTDIR"
  File "${FOLDER}/pentimento.exe"
  File "${FOLDER}/*.txt"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateShortcut "$SMPROGRAMS\Pentimento.lnk" "$INSTDIR\pentimento.exe"
  WriteRegStr HKCU "Software\Pentimento" "Folder" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "Pentimento"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "$INSTDIR\pentimento.exe"
  WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1
SectionEnd

; Favourites and presets are the artist's, and stay.
Section "Uninstall"
  Delete "$INSTDIR\pentimento.exe"
  Delete "$INSTDIR\LICENCE.txt"
  Delete "$INSTDIR\CREDITS.txt"
  Delete "$INSTDIR\THIRD-PARTY.txt"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\Pentimento.lnk"
  DeleteRegKey HKCU "${UNINSTALL}"
  DeleteRegKey HKCU "Software\Pentimento"
SectionEnd
